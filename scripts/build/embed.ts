import { INFO, INFO_VARIABLE } from "runtime/host/info_block.ts";
import { changeEngine, V8_FLAGS } from "./engine.ts";
import { isElf } from "./elf.ts";

/** What the deno executable gets as arguments: a lean start without files, network, prompts or caches. */
const ENGINE_ARGUMENTS: readonly string[] = [
  "run",
  "-A",
  "-q",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--cached-only",
  "--no-code-cache",
  V8_FLAGS,
];

/**
 * The main module: fetches the program out of the process's own memory and runs it as a script.
 * It must hold no `#`, `%` or white space that matters, being a URL.
 */
const LOADER = "data:application/javascript," +
  "const V=Deno.UnsafePointerView,p=Deno.UnsafePointer.create," +
  `i=new V(p(BigInt(Deno.env.get("${INFO_VARIABLE}"))));` +
  `(0,eval)(new V(p(i.getBigUint64(${INFO.payload}))).getCString())`;

/** How {@link linkEmbedded} works. */
export interface EmbedOptions {
  /** The deno executable. */
  readonly engine: Uint8Array<ArrayBuffer>;
  readonly prelink: boolean;
  readonly warn: (line: string) => void;
}

/**
 * Reads a deno executable, the running one when none is named.
 * @throws {Error} when it is none
 */
export async function readEngine(engine: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const file = engine ?? await Deno.realPath(Deno.execPath());
  const bytes = await Deno.readFile(file);
  if (isElf(bytes)) return bytes;
  throw new Error(`Cannot embed into ${file}: it is no ELF file; hint: name one with --engine`);
}

/** A deno executable with a program inside. */
export function linkEmbedded(
  payload: Uint8Array,
  { engine, prelink, warn }: EmbedOptions,
): Uint8Array<ArrayBuffer> {
  const argv = ["ocirt", ...ENGINE_ARGUMENTS, LOADER];
  return changeEngine(engine, { argv, payload, prelink, warn });
}
