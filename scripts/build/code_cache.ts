import { DatabaseSync } from "node:sqlite";
import { COMMANDS } from "runtime/cli/table.ts";
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
  await Deno.writeFile(program, linkEmbedded(payload, options), { mode: 0o755 });
  for (const { name } of COMMANDS) await run(program, ["help", name]);
  const file = `${cacheFolder}/${CACHE_FILE}`;
  const database = new DatabaseSync(file);
  // One file, without a log beside it.
  database.exec("PRAGMA journal_mode=DELETE; VACUUM;");
  database.close();
  return { engine: changed, cache: await Deno.readFile(file) };
}
