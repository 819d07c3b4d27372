import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { inspect } from "runtime/lifecycle/inspect.ts";
import { stateDocument } from "./state_document.ts";

export const command: Command = {
  name: "state",
  usage: "<container-id>",
  description:
    `Prints the state of a container as JSON: "id", "pid", "status" (created, running, paused, stopped),
"bundle", "rootfs", "created", "annotations" and, once its end was seen, "exit". The status is worked out anew each time.`,
  flags: [],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n state mine", does: 'all that is known of "mine"' },
    { line: "%n state mine | jq -r .status", does: "created, running, paused or stopped" },
  ],
  run(invocation): CommandResult {
    const state = inspect(invocation.context, positional(invocation, 0));
    // The owner is told by list alone, as runc does; and no newline follows.
    const value = stateDocument(state, "");
    return { output: { kind: "json", value, indent: 2, newline: false }, exitCode: 0 };
  },
};
