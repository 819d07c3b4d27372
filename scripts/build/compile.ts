import { type Denort, obtainDenort } from "./denort.ts";
import { ElfError } from "./elf.ts";
import { changeEngine, V8_FLAGS } from "./engine.ts";
import { run } from "./run.ts";

/** What goes into the executable: no prompt, no file, no network by itself. */
const COMPILE_ARGUMENTS: readonly string[] = [
  "compile",
  "--quiet",
  "--no-check",
  "-A",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  // The compiled program would write its code cache to the folder for temporary files.
  "--no-code-cache",
  V8_FLAGS,
];

/** What a denort says when there is no program behind it; the deno executable has no such words. */
const DENORT_MARK = "Could not find standalone binary section";

/** What {@link linkCompiled} puts together. */
export interface CompileOptions {
  readonly denort: Denort;
  /** The program's text, for an executable with and without the entry stub. */
  readonly text: (entryStub: boolean) => string;
  /** A folder for the parts. */
  readonly folder: string;
  readonly prelink: boolean;
  readonly warn: (line: string) => void;
}

/**
 * Finds a denort and says when the build goes on without: `compile` insists on one.
 * @throws {Error} when there is none and the build was told to compile
 */
export async function findDenort(link: "auto" | "compile"): Promise<Denort | undefined> {
  const denort = await obtainDenort();
  if (typeof denort !== "string") {
    console.log(`Linking with deno compile: there is a denort, ${denort.from}`);
    return denort;
  }
  if (link === "compile") {
    throw new Error(`Cannot link with deno compile: no denort, ${denort}; hint: set DENORT_BIN`);
  }
  console.log(`Linking into the deno executable: no denort for deno compile, ${denort}`);
  return undefined;
}

/**
 * The executable that `deno compile` makes of a denort with the entry stub.
 *
 * The stub goes in first: `deno compile` only appends to its base (a copy of the program headers and a note
 * with the modules) and keeps the entry point, so both live side by side.
 */
export async function linkCompiled(options: CompileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { denort, folder, warn } = options;
  if (!new TextDecoder("latin1").decode(denort.bytes).includes(DENORT_MARK)) {
    warn(`The executable may not work: ${denort.from} does not look like a denort`);
  }
  const base = withStub(options);
  const program = `${folder}/ocirt.js`;
  const engine = `${folder}/denort`;
  const output = `${folder}/ocirt`;
  await Deno.writeTextFile(program, options.text(base !== undefined));
  await Deno.writeFile(engine, base ?? denort.bytes, { mode: 0o755 });
  await run(Deno.execPath(), [...COMPILE_ARGUMENTS, "--output", output, program], {
    DENORT_BIN: engine,
  });
  return await Deno.readFile(output);
}

/** The arguments of a compiled program are its user's alone, so the stub hides them and adds none. */
function withStub({ denort, prelink, warn }: CompileOptions): Uint8Array<ArrayBuffer> | undefined {
  try {
    return changeEngine(denort.bytes, { argv: ["ocirt"], prelink, warn });
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    warn(
      "No entry stub, the caller's environment reaches the engine: " +
        `${denort.from} cannot be changed, ${error.message}`,
    );
    return undefined;
  }
}
