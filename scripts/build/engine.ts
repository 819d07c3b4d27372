import { addSegment, placeBehind } from "./add_segment.ts";
import { globalSlot } from "./dynamic.ts";
import { ElfError, ET_DYN, readElf } from "./elf.ts";
import { prelink, randomBase } from "./prelink.ts";
import { assembleStub } from "./stub.ts";

/** A path that cannot exist keeps the engine from writing caches. */
export const NO_CACHE_FOLDER = "/dev/null/x";

/**
 * The environment of the engine, but for the folder of its caches. `/proc/none` keeps it from reading a home's
 * configuration; the rest switches off the look for updates, the `node` link and colours.
 */
export const ENGINE_ENVIRONMENT: readonly string[] = [
  "HOME=/proc/none",
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_DISABLE_NODE_SHIM=1",
  "NO_COLOR=1",
];

/** With a folder of caches the engine looks for some that it is not given, and complains of each where that is seen on a terminal. */
const NO_COMPLAINTS = "DENO_LOG=off";

/**
 * Suits V8 to a program of some milliseconds that runs everything once: no threads, nothing but the interpreter, no polish of its
 * code, whose work would not pay off any more, and a nursery that need not be cleaned before the end. Saves 6 ms of 40. Without
 * compilers there is no memory either that can be both written and executed.
 */
export const V8_FLAGS = "--v8-flags=--single-threaded,--jitless,--no-ignition-reo," +
  "--no-ignition-elide-noneffectful-bytecodes,--min-semi-space-size=8";

/** What to put in front of an engine's entry. */
export interface EngineChange {
  /** What the engine gets as its argv, argv[0] included. */
  readonly argv: readonly string[];
  readonly payload?: Uint8Array;
  /** The program's compiled code, for an engine that sqlite_paths.ts has changed. */
  readonly cache?: Uint8Array | undefined;
  /** Where the engine keeps its caches when there is none in the executable; nowhere if undefined. */
  readonly cacheFolder?: string | undefined;
  readonly prelink: boolean;
  /** Told in one line why prelinking was left out. */
  readonly warn: (line: string) => void;
}

/**
 * An engine (deno or denort) that starts through the entry stub.
 * @throws {ElfError} when the file is not of the kind that can be changed
 */
export function changeEngine(
  source: Uint8Array<ArrayBuffer>,
  change: EngineChange,
): Uint8Array<ArrayBuffer> {
  const elf = readElf(change.prelink ? prelinkOrNot(source, change.warn) : source);
  const place = placeBehind(elf);
  const stub = assembleStub({
    arch: elf.arch,
    address: place.vaddr,
    engineEntry: elf.entry,
    environSlot: globalSlot(elf, "environ"),
    argv: change.argv,
    env: change.cache === undefined ? ENGINE_ENVIRONMENT : [...ENGINE_ENVIRONMENT, NO_COMPLAINTS],
    cacheFolder: `DENO_DIR=${change.cacheFolder ?? NO_CACHE_FOLDER}`,
    cache: change.cache,
    payload: change.payload,
  });
  return addSegment(elf, place, stub.bytes, stub.entry);
}

function prelinkOrNot(
  source: Uint8Array<ArrayBuffer>,
  warn: (line: string) => void,
): Uint8Array<ArrayBuffer> {
  if (readElf(source).type !== ET_DYN) return source;
  try {
    return prelink(source, randomBase());
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    warn(`Not prelinked, starts are 3 ms slower: the engine cannot be moved, ${error.message}`);
    return source;
  }
}
