import type { Command, CommandResult } from "runtime/base/command.ts";
import { features } from "runtime/lifecycle/features.ts";

export const command: Command = {
  name: "features",
  usage: "",
  description:
    `Prints what this runtime implements, as the JSON document "features" of the OCI runtime
specification. It tells of the program, and of this host only which flags of seccomp filters
its kernel takes.`,
  flags: [],
  positionals: { min: 0, max: 0, are: [] },
  examples: [
    { line: "%n features | jq .linux.cgroup", does: "what it does with cgroups" },
  ],
  run({ context }): CommandResult {
    const value = features(context);
    return { output: { kind: "json", value, indent: 4, newline: true }, exitCode: 0 };
  },
};
