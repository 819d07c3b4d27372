import { BUILD_GLOBAL, type BuildInfo } from "runtime/base/build_info.ts";
import { run } from "./run.ts";

/** Names the program in stack traces, which would say `evalmachine` or a data URL otherwise. */
const SOURCE_URL = "//# sourceURL=ocirt.js\n";

/**
 * Bundles a program and all it imports into one script, as a function that is called at once.
 *
 * It is a script and no module because the engine parses its main module twice: 260 KB cost 19 ms as a
 * module and 5 ms as a script.
 * @throws {Error} when the bundler fails, or the program is not usable as a script
 */
export async function bundleProgram(main: string, folder: string): Promise<string> {
  const output = `${folder}/bundle.js`;
  const options = ["--quiet", "--platform", "deno", "--format", "iife", "--minify"];
  await run(Deno.execPath(), ["bundle", ...options, "--output", output, main]);
  const text = await Deno.readTextFile(output);
  if (text.includes("import.meta")) {
    throw new Error(`Cannot use the bundle of ${main}: a script has no import.meta`);
  }
  if (text.includes("\0")) {
    throw new Error(`Cannot use the bundle of ${main}: there is a NUL in it`);
  }
  return text;
}

/** The whole text that the engine runs: what the build knew, then the program. */
export function programText(bundle: string, info: BuildInfo): string {
  const global = `globalThis.${BUILD_GLOBAL}=Object.freeze(${JSON.stringify(info)});`;
  return `${global}\n${bundle.trimEnd()}\n${SOURCE_URL}`;
}
