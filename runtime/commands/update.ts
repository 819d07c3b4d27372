import { type Command, type CommandResult, positional, stringFlag } from "runtime/base/command.ts";
import { update } from "runtime/lifecycle/update.ts";
import { intelRdtOf, resourcesOf, UPDATE_FLAGS } from "./update_flags.ts";

export const command: Command = {
  name: "update",
  usage: "<container-id>",
  description:
    `Changes the limits of a container. What is not named stays as it is; devices are never touched.`,
  flags: UPDATE_FLAGS,
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n update --memory 512m --cpu-quota 50000 mine", does: "limit memory and CPU time" },
    {
      line: 'echo \'{"pids": {"limit": 100}}\' | %n update -r - mine',
      does: "limits as in config.json",
    },
  ],
  async run(invocation): Promise<CommandResult> {
    const file = stringFlag(invocation, "resources");
    await update(
      invocation.context,
      positional(invocation, 0),
      file === null
        ? { kind: "flags", resources: resourcesOf(invocation) }
        : { kind: "file", file },
      intelRdtOf(invocation),
    );
    return { exitCode: 0 };
  },
};
