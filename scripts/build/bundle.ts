import { BUILD_GLOBAL, type BuildInfo } from "runtime/base/build_info.ts";
import { INFO, INFO_VARIABLE } from "runtime/host/info_block.ts";
import type { Arch } from "syscalls/abi/arch.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { joinChunks, type Script } from "./chunks.ts";
import { compileEagerly } from "./eager.ts";
import { machineImportMap } from "./machine.ts";
import { run } from "./run.ts";

/** Names the program in stack traces, which would say `eval` or a data URL otherwise. */
const SOURCE_URL = "//# sourceURL=ocirt.js\n";

/** The program that is built if no other is asked for. */
export const PROGRAM = "./main.ts";

/** What {@link bundleProgram} works on. */
export interface BundleOptions {
  readonly main: string;
  /** The machine that the program will run on. */
  readonly arch: Arch;
  /** A folder for the parts. */
  readonly folder: string;
}

/**
 * Bundles a program and all it imports into one script.
 *
 * It is a script and no module because the engine parses its main module twice: 260 KB cost 19 ms as a
 * module and 5 ms as a script.
 * @throws {Error} when the bundler fails, or the program is not usable as a script
 */
export async function bundleProgram({ main, arch, folder }: BundleOptions): Promise<Script> {
  const output = `${folder}/bundle`;
  const importMap = await machineImportMap(arch, folder);
  const form = ["--platform=deno", "--format=esm", "--code-splitting", "--minify"];
  const options = ["--quiet", `--import-map=${importMap}`, ...form, `--outdir=${output}`];
  await run(Deno.execPath(), ["bundle", ...options, main]);
  const names = (await Array.fromAsync(Deno.readDir(output))).map(({ name }) => name);
  const chunks = new Map<string, string>();
  // In one order: the same sources give the same parts, whatever order the bundler wrote them in.
  for (const name of names.sort()) {
    const text = await Deno.readTextFile(`${output}/${name}`);
    if (text.includes("\0")) throw new Error(`Cannot use the bundle of ${main}: it has a NUL`);
    chunks.set(name, compileEagerly(text));
  }
  const file = main.slice(main.lastIndexOf("/") + 1);
  return joinChunks(chunks, file.replace(/\.ts$/, ".js"));
}

/** The program as one text, for an engine that brings its own modules: batches that wait are strings in it. */
export function programText({ start, later }: Script, info: BuildInfo): string {
  const fetch = `T=${JSON.stringify(Object.fromEntries(later))},F=k=>T[k]`;
  return `${scriptText(fetch, start, info)}(eval);\n${SOURCE_URL}`;
}

/**
 * The program as it lies in memory: its text and, each behind a NUL, the batches that wait. The text gives a function, to be called
 * with what evaluates texts.
 * They are found again through the info block; strings in the text would cost half a millisecond.
 */
export function programMemory({ start, later }: Script, info: BuildInfo): Uint8Array<ArrayBuffer> {
  const offsets: Record<number, number> = {};
  let end = 1;
  for (const [id, text] of later) {
    offsets[id] = end;
    end += encodeText(text).length + 1;
  }
  const fetch = `T=${JSON.stringify(offsets)},` +
    "V=Deno.UnsafePointerView,p=Deno.UnsafePointer.create," +
    `b=new V(p(BigInt(Deno.env.get("${INFO_VARIABLE}")))),` +
    `a=b.getBigUint64(${INFO.payload})+b.getBigUint64(${INFO.payloadLength}),` +
    "F=(k=>new V(p(a+BigInt(T[k]))).getCString())";
  const text = `${scriptText(fetch, start, info)}\n${SOURCE_URL}`;
  return encodeText([text, ...later.values()].join("\0"));
}

function scriptText(fetch: string, start: string, info: BuildInfo): string {
  const global = `globalThis.${BUILD_GLOBAL}=Object.freeze(${JSON.stringify(info)});`;
  return `${global}\n(E=>{"use strict";const ${fetch};${start}})`;
}
