import { DatabaseSync } from "node:sqlite";
import { COMMANDS } from "runtime/cli/table.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { linkEmbedded } from "./embed.ts";
import { run } from "./run.ts";
import { withPathsAsGiven } from "./sqlite_paths.ts";
import { CACHE_FILE } from "./stub_cache.ts";

/** An engine, and the compiled code of a program that it can find in its executable. */
export interface CachingEngine {
  readonly engine: Uint8Array<ArrayBuffer>;
  readonly cache?: Uint8Array;
}

/**
 * Records what the engine compiles of a program: runs an executable that keeps its caches in a folder until it has
 * loaded every command, and takes the file that the engine wrote.
 *
 * @param folder a folder for that
 * @throws {Error} when the executable cannot be run here or writes no cache, or the engine could not find one
 */
export async function recordCache(
  payload: Uint8Array,
  engine: Uint8Array<ArrayBuffer>,
  folder: string,
): Promise<CachingEngine> {
  const changed = withPathsAsGiven(engine);
  const [program, cacheFolder] = [`${folder}/ocirt`, `${folder}/cache`];
  const options = { engine: changed, cacheFolder, prelink: false, warn: () => {} };
  const record = async (payload: Uint8Array, uses: readonly string[][]): Promise<void> => {
    await Deno.writeFile(program, linkEmbedded(payload, options), { mode: 0o755 });
    for (const args of uses) await run(program, args);
  };
  // The engine keeps its main module when its event loop has come to an end, before which the program exits.
  await record(encodeText(EMPTY_PROGRAM), [[]]);
  await record(payload, COMMANDS.map(({ name }) => ["help", name]));
  const file = `${cacheFolder}/${CACHE_FILE}`;
  const database = new DatabaseSync(file);
  // In the mode that the engine asks for, so that it need not change it at each start; closing leaves no log beside the file.
  database.exec("PRAGMA journal_mode=DELETE; VACUUM; PRAGMA journal_mode=WAL;");
  database.close();
  return { engine: changed, cache: await Deno.readFile(file) };
}

/** What the main module evaluates gives a function: see programMemory() in bundle.ts. */
const EMPTY_PROGRAM = "(()=>{})";
