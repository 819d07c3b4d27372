import type { Command, Invocation } from "runtime/base/command.ts";
import { SILENT } from "runtime/base/log.ts";
import { parseTokens } from "runtime/cli/args.ts";

/** What a command gets for these words, with a state root that nothing may touch. */
export function invocation(command: Command, tokens: string[], root = "/proc/none"): Invocation {
  const { flags, positionals } = parseTokens(tokens, {
    flags: command.flags,
    stopAtFirstPositional: command.stopAtFirstPositional === true,
    help: "",
  });
  return {
    context: {
      root,
      log: SILENT,
      programName: "runc",
      cgroupManager: "cgroupfs",
      rootless: null,
      version: "1.2.3",
    },
    rootIsExplicit: true,
    flags,
    positionals,
    catalogue: () => Promise.reject(new Error("no command of these tests needs it")),
    say: () => true,
  };
}
