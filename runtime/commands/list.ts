import {
  booleanFlag,
  type Command,
  type CommandResult,
  type Invocation,
  type Output,
  stringFlag,
} from "runtime/base/command.ts";
import { StateError } from "runtime/base/errors.ts";
import { type ContainerState, inspectAll } from "runtime/lifecycle/inspect.ts";
import { stateDocument } from "./state_document.ts";
import { ownerName, userNames } from "./user_names.ts";

export const command: Command = {
  name: "list",
  usage: "",
  description:
    `Lists the containers of the state root, which the global option --root chooses, with their
status as it is now.`,
  flags: [
    {
      name: "format",
      short: "f",
      type: "string",
      metavar: "FORMAT",
      help: "how to show them",
      fallback: "table",
      choices: ["table", "json"],
    },
    { name: "quiet", short: "q", type: "boolean", help: "show the ids only" },
  ],
  positionals: { min: 0, max: 0, are: [] },
  examples: [
    { line: "%n list", does: "a table of all containers" },
    { line: "%n --root /run/other list -q", does: "the ids of those of another state root" },
    { line: "%n list --format json", does: "all that is known, for programs" },
  ],
  run(invocation): CommandResult {
    const states = inspectAll(invocation.context) ?? withoutRoot(invocation);
    if (booleanFlag(invocation, "quiet")) {
      const text = states.map(({ id }) => `${id}\n`).join("");
      return { output: { kind: "text", text }, exitCode: 0 };
    }
    const format = stringFlag(invocation, "format");
    const names = states.length === 0 ? new Map<number, string>() : readUserNames();
    return { output: format === "json" ? json(states, names) : table(states, names), exitCode: 0 };
  },
};

/** A default root that is not there holds no containers yet; one that was asked for is a mistake. */
function withoutRoot({ context, rootIsExplicit }: Invocation): readonly ContainerState[] {
  if (!rootIsExplicit) return [];
  throw new StateError(`Cannot list ${context.root}: ENOENT (No such file or directory)`);
}

type Names = ReadonlyMap<number, string>;

/** As runc: an empty list is `null`. */
function json(states: readonly ContainerState[], names: Names): Output {
  const documents = states.map((state) => stateDocument(state, ownerName(state.ownerUid, names)));
  const value = documents.length === 0 ? null : documents;
  return { kind: "json", value, indent: 0, newline: true };
}

function table(states: readonly ContainerState[], names: Names): Output {
  const header = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];
  const rows = states.map(({ id, pid, status, bundle, created, ownerUid }) => //
  [id, String(pid), status, bundle, created, ownerName(ownerUid, names)]);
  return { kind: "table", header, rows };
}

/** A host without the file has users without names. */
function readUserNames(): Names {
  try {
    return userNames(Deno.readTextFileSync("/etc/passwd"));
  } catch {
    return new Map();
  }
}
