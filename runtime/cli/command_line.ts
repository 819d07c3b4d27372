import { processInfo } from "runtime/host/process_info.ts";

/** What the program was called with. */
export interface CommandLine {
  readonly argv0: string;
  readonly args: readonly string[];
}

/** The command line, exactly. `Deno.args` is empty in the executable: its entry stub hides the words from the engine. */
export function commandLine(): CommandLine {
  const { argv0, argv } = processInfo();
  return { argv0, args: argv };
}
