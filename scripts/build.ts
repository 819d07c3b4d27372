/**
 * Makes the executable `./ocirt`: bundles main.ts into one script and links it with the JavaScript engine.
 * See docs/build.md.
 */
import { bundleProgram, PROGRAM, programMemory, programText } from "./build/bundle.ts";
import { type CachingEngine, recordCache } from "./build/code_cache.ts";
import { findDenort, linkCompiled } from "./build/compile.ts";
import type { Denort } from "./build/denort.ts";
import { readElf } from "./build/elf.ts";
import { linkEmbedded, readEngine } from "./build/embed.ts";
import { type BuildOptions, buildOptions } from "./build/options.ts";
import { readVersion } from "./build/version.ts";

/** Builds the executable that the options describe and says in one line what was made. */
export async function build(options: BuildOptions): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ocirt-build-" });
  try {
    const denort = options.link === "embed" || options.engine !== undefined
      ? undefined
      : await findDenort(options.link);
    const linked = denort === undefined
      ? await embedded(options, folder)
      : await compiled(options, folder, denort);
    await install(linked, options.output);
    const { size } = await Deno.stat(options.output);
    const how = denort === undefined ? "embedded into deno" : "compiled with denort";
    console.log(`Built ${options.output}: ${how}, ${(size / 1e6).toFixed(1)} MB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function embedded(options: BuildOptions, folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const { main, commit, prelink } = options;
  const engine = await readEngine(options.engine);
  const { arch } = readElf(engine);
  const bundle = await bundleProgram({ main, arch, folder });
  const info = { ...await readVersion(commit), link: "embed", entryStub: true } as const;
  const memory = programMemory(bundle, info);
  const isOwn = main === PROGRAM && arch === Deno.build.arch;
  const caching = isOwn ? await recordOrNot(memory, engine, folder) : { engine };
  return linkEmbedded(memory, { ...caching, prelink, warn: console.error });
}

async function recordOrNot(
  memory: Uint8Array,
  engine: Uint8Array<ArrayBuffer>,
  folder: string,
): Promise<CachingEngine> {
  try {
    return await recordCache(memory, engine, folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`Starts are 7 ms slower: they compile the program each time, ${reason}`);
    return { engine };
  }
}

async function compiled(
  options: BuildOptions,
  folder: string,
  denort: Denort,
): Promise<Uint8Array<ArrayBuffer>> {
  const { main, commit, prelink } = options;
  const bundle = await bundleProgram({ main, arch: Deno.build.arch, folder });
  const version = await readVersion(commit);
  const text = (entryStub: boolean): string =>
    programText(bundle, { ...version, link: "compile", entryStub });
  return await linkCompiled({ denort, text, folder, prelink, warn: console.error });
}

/** Puts the file in place at once, so that an executable that is running now does not hinder it. */
async function install(bytes: Uint8Array, output: string): Promise<void> {
  const temporary = `${output}.${crypto.randomUUID()}`;
  try {
    await Deno.writeFile(temporary, bytes, { createNew: true });
    await Deno.chmod(temporary, 0o755);
    await Deno.rename(temporary, output);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function main(): Promise<void> {
  try {
    await build(buildOptions(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

if (import.meta.main) await main();
