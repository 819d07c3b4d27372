import { INFO, INFO_VARIABLE } from "runtime/host/info_block.ts";
import { changeEngine, NO_CACHE_FOLDER, V8_FLAGS } from "./engine.ts";
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
  V8_FLAGS,
];

/**
 * The main module: fetches the program out of the process's own memory and runs it as a script. Where there is a cache it
 * has a way that uses it: the engine's own for its scripts, which is not in its interface.
 * It must hold no `#`, `%` or white space that matters, being a URL.
 */
const LOADER = "data:application/javascript," +
  "const V=Deno.UnsafePointerView,p=Deno.UnsafePointer.create," +
  `i=new V(p(BigInt(Deno.env.get("${INFO_VARIABLE}")))),` +
  `E=Deno.env.get("DENO_DIR")==="${NO_CACHE_FOLDER}"?eval:((t,n)=>{` +
  "const[r,e]=Deno[Deno.internal].core.evalContext(t,`ocirt:${n}`);if(e)throw/**/e.thrown;return/**/r});" +
  `E(new V(p(i.getBigUint64(${INFO.payload}))).getCString(),"start")(E)`;

/** How {@link linkEmbedded} works. */
export interface EmbedOptions {
  /** The deno executable. */
  readonly engine: Uint8Array<ArrayBuffer>;
  readonly prelink: boolean;
  /** The program's compiled code, recorded with this engine. */
  readonly cache?: Uint8Array | undefined;
  /** Where the engine writes that to, for the executable that it is recorded of. */
  readonly cacheFolder?: string;
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
  { engine, ...options }: EmbedOptions,
): Uint8Array<ArrayBuffer> {
  const argv = ["ocirt", ...ENGINE_ARGUMENTS, LOADER];
  return changeEngine(engine, { argv, payload, ...options });
}
