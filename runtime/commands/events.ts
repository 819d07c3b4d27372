import {
  booleanFlag,
  type Command,
  type CommandResult,
  type Invocation,
  type Output,
  positional,
  stringFlag,
} from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { type ContainerEvent, containerStats, follow } from "runtime/lifecycle/events.ts";
import { parseDuration } from "./duration.ts";
import { statsDocument } from "./stats_document.ts";

export const command: Command = {
  name: "events",
  usage: "<container-id>",
  description:
    `Shows what a container uses (CPU, memory, I/O and more), as one line of JSON after each interval,
and a line at once when it runs out of memory. Ends with the container.

With --lifecycle a line for what it does in place of what it uses: "created", "running" or "paused",
first what it is now, and "exited" at the end.`,
  flags: [
    {
      name: "interval",
      type: "string",
      metavar: "DURATION",
      help: "time between two lines, as in 500ms or 1m30s",
      fallback: "5s",
    },
    { name: "stats", type: "boolean", help: "show what it uses now, once" },
    { name: "lifecycle", type: "boolean", help: "show changes of its status instead" },
  ],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n events --stats mine", does: "what it uses now, once" },
    { line: "%n events --interval 1s mine", does: "the same each second, until it ends" },
    { line: "%n events --lifecycle mine", does: "each change of its status" },
  ],
  async run(invocation): Promise<CommandResult> {
    const { context, say } = invocation;
    const id = positional(invocation, 0);
    const interval = intervalOf(invocation);
    if (booleanFlag(invocation, "stats")) {
      const stats = await containerStats(context, id);
      return { exitCode: 0, output: line(id, { type: "stats", stats }) };
    }
    const tellsStatus = booleanFlag(invocation, "lifecycle");
    await follow(context, id, {
      interval: tellsStatus ? null : interval,
      tell: (event) => say(line(id, event)),
    });
    return { exitCode: 0 };
  },
};

function intervalOf(invocation: Invocation): number {
  const text = stringFlag(invocation, "interval") ?? "";
  const interval = parseDuration(text);
  if (interval === null) {
    throw new UsageError(
      `Cannot use flag --interval: ${
        JSON.stringify(text)
      } is no duration; hint: a number and its unit, as in 500ms, 5s or 1m30s`,
    );
  }
  if (interval <= 0) throw new UsageError("duration interval must be greater than 0");
  return interval;
}

function line(id: string, event: ContainerEvent): Output {
  return { kind: "json", value: document(id, event), indent: 0, newline: true };
}

function document(id: string, event: ContainerEvent): unknown {
  switch (event.type) {
    case "stats":
      return { type: "stats", id, data: statsDocument(event.stats) };
    case "oom":
      return { type: "oom", id };
    case "status":
      return { type: event.status, id };
    case "end": {
      const { exitStatus } = event;
      return { type: "exited", id, ...exitStatus === null ? {} : { data: { exitStatus } } };
    }
  }
}
