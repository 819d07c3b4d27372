import { encodeText } from "syscalls/abi/text.ts";
import type { Table } from "runtime/spec/check_table.ts";
import type { Random } from "tests/support/random.ts";
import type { Box } from "./box.ts";
import { smallerJson } from "./config_input.ts";
import { Ends, type Fault, type Kind } from "./kind.ts";
import { mutateJson } from "./mutate_json.ts";
import { damageText } from "./mutate_text.ts";
import { type Expectation, outcomeFault } from "./outcome.ts";
import { smallerLists } from "./shrink.ts";
import { traceFault, type Traces, traces } from "./traces.ts";
import { Victim } from "./victim.ts";

/** Something done to a container's folder beside its record. */
export interface FolderChange {
  readonly name: string;
  readonly to: "missing" | "file" | "empty" | "folder" | "link" | "loop" | "full folder";
}

/** A damaged container, and the command that meets it. */
export interface StateInput {
  /** The text of state.json; null for none. */
  readonly record: string | null;
  readonly changes: readonly FolderChange[];
  readonly command: readonly string[];
  /** The command is given to the executable; else this process takes it. */
  readonly boxed: boolean;
  /** `delete --force` follows. */
  readonly remove: boolean;
}

const STRINGS: Table = ["list", ["string"]];
const UNIT: Table = ["object", ["unit", "manager"], [["string"], ["word", ["system", "user"]]], 2];

const RESCTRL: Table = [
  "object",
  ["directory", "monitoring", "created"],
  [["string"], ["string"], STRINGS],
  3,
];

/** What a record is like (runtime/state/record.ts). */
const FIELDS: readonly (readonly [string, Table])[] = [
  ["version", ["integer", 1, 1]],
  ["id", ["string"]],
  ["ociVersion", ["string"]],
  ["bundle", ["string"]],
  ["rootfs", ["string"]],
  ["created", ["string"]],
  ["annotations", ["map", ["string"]]],
  ["pid", ["integer", 0, 2 ** 31 - 1]],
  ["startTime", ["string"]],
  ["cgroups", STRINGS],
  ["cgroupCreated", STRINGS],
  ["freezer", ["string"]],
  ["systemd", UNIT],
  ["resctrl", RESCTRL],
  ["sharedMount", ["string"]],
  ["creating", ["boolean"]],
  ["hooks", ["list", ["word", ["poststart", "poststop", "startContainer", "x"]]]],
  ["keyring", ["string"]],
];
const RECORD: Table = [
  "object",
  FIELDS.map(([name]) => name),
  FIELDS.map(([, table]) => table),
  FIELDS.length,
];

const FILES: readonly [string, ...string[]] = [
  "config.json",
  "exec.fifo",
  "started",
  "exit.json",
  "outcome",
  "scratch",
  "notify",
  "other",
  "state.json",
];

const CHANGES: readonly [FolderChange["to"], ...FolderChange["to"][]] = [
  "missing",
  "file",
  "empty",
  "folder",
  "link",
  "loop",
  "full folder",
];

const ID = "c";

type Commands = readonly [readonly string[], ...(readonly string[])[]];

const COMMANDS: Commands = [
  ["state", ID],
  ["list"],
  ["list", "--format", "json"],
  ["kill", ID, "TERM"],
  ["kill", ID, "0"],
  ["kill", "--all", ID, "KILL"],
  ["pause", ID],
  ["resume", ID],
  ["ps", "--format", "json", ID],
  ["events", "--stats", ID],
  ["update", "--pids-limit", "100", ID],
  ["delete", ID],
  ["delete", "--force", ID],
];

/** Those that make processes or wait, which only the executable can do. */
const BOXED_COMMANDS: Commands = [
  ["start", ID],
  ["exec", ID, "true"],
  ["mounts", "list", ID],
  ["wait", ID],
  ["create", "--bundle", "/nonexistent", ID],
];

/** How many in a hundred are given to the executable. */
const BOXED = 15;

/** Damaged records and folders of a container that lives, and every command that reads them. */
export function stateKind(box: Box): Kind<StateInput> {
  const victim = new Victim(box);
  const ends = new Ends();
  return {
    name: "state",
    ends,
    generate: (random) => {
      const boxed = random.chance(BOXED);
      return {
        record: random.chance(6) ? null : recordText(victim.template, random),
        changes: random.chance(50) ? [] : folderChanges(random),
        command: random.pick(boxed && random.chance(50) ? BOXED_COMMANDS : COMMANDS),
        boxed,
        remove: random.chance(40),
      };
    },
    run: (input) => meet(box, victim, input, ends),
    *smaller(input): Iterable<StateInput> {
      for (const changes of smallerLists(input.changes)) yield { ...input, changes };
      if (input.record === null) return;
      for (const record of smallerJson(input.record)) yield { ...input, record };
    },
  };
}

function recordText(template: unknown, random: Random): string {
  const text = JSON.stringify(
    random.chance(15) ? template : mutateJson(template, RECORD, random),
    (_key, value) => typeof value === "bigint" ? Number(value) : value,
  ) ?? "";
  return random.chance(15) ? damageText(text, random) : text;
}

function folderChanges(random: Random): FolderChange[] {
  const count = 1 + random.below(3);
  return Array.from(
    { length: count },
    () => ({ name: random.pick(FILES), to: random.pick(CHANGES) }),
  );
}

async function meet(
  box: Box,
  victim: Victim,
  input: StateInput,
  ends: Ends,
): Promise<Fault | null> {
  const { record, changes, command, boxed, remove } = input;
  victim.revive();
  const before = traces(box.root);
  const folder = `${box.root}/${ID}`;
  Deno.mkdirSync(folder);
  const given = record === null ? "" : victim.record(record);
  victim.furnish(folder);
  if (record !== null) Deno.writeFileSync(`${folder}/state.json`, encodeText(given));
  for (const change of changes) apply(folder, change);
  const root = ["--root", box.root];
  const outcome = await box.run(
    [...root, ...command],
    boxed,
    command[0] === "wait" ? 300 : undefined,
  );
  ends.add(outcome.code === 0 ? "worked" : "refused");
  const fault = outcomeFault(outcome, expectation(command, given)) ??
    (remove ? await deletion(box, { folder, given, boxed }) : null);
  if (outcome.code === 0 && command[0] === "create") box.ocirt(["delete", "--force", ID]);
  box.clear(box.root);
  // A new one has another pid and no other traces, and may have lost its cgroups.
  victim.revive();
  return fault ?? traceFault(withoutPids(before), box.root, withoutPids);
}

/** The victim is one process whatever its pid is. */
function withoutPids(all: Traces): Traces {
  const names = Array.from(all.get("process") ?? [], (line) => line.replace(/^\d+ /, ""));
  return new Map([...all, ["process", new Set(names)]]);
}

/** wait and events may wait for the container, which lives. */
function expectation(command: readonly string[], given: string): Expectation {
  const runs = command[0] === "exec" || command[0] === "wait";
  return {
    given,
    passesStatus: runs,
    mayHang: command[0] === "wait",
    failures: command[0] === "exec" ? [255] : [1],
  };
}

/** Whatever is in the folder, `delete --force` says what is wrong or takes the folder away. */
async function deletion(
  box: Box,
  { folder, given, boxed }: { folder: string; given: string; boxed: boolean },
): Promise<Fault | null> {
  const outcome = await box.run(["--root", box.root, "delete", "--force", ID], boxed);
  const fault = outcomeFault(outcome, { given });
  if (fault !== null || outcome.code !== 0) return fault;
  try {
    Deno.lstatSync(folder);
  } catch {
    return null;
  }
  return { rule: "folder left", text: `delete --force has left ${folder}` };
}

function apply(folder: string, { name, to }: FolderChange): void {
  const path = `${folder}/${name}`;
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // It was not there.
  }
  if (to === "file") Deno.writeTextFileSync(path, "text\n");
  if (to === "empty") Deno.writeTextFileSync(path, "");
  if (to === "folder") Deno.mkdirSync(path);
  if (to === "link") Deno.symlinkSync("/nonexistent/file", path);
  if (to === "loop") Deno.symlinkSync(name, path);
  if (to === "full folder") {
    Deno.mkdirSync(`${path}/deeper`, { recursive: true });
    Deno.writeTextFileSync(`${path}/deeper/file`, "");
  }
}
