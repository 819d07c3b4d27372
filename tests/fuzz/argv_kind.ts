import type { Command, Flag } from "runtime/base/command.ts";
import { COMMANDS } from "runtime/cli/table.ts";
import { GLOBAL_FLAGS } from "runtime/cli/global_flags.ts";
import { testConfig } from "tests/support/bundle.ts";
import type { Random } from "tests/support/random.ts";
import type { Box, Outcome } from "./box.ts";
import { Ends, type Fault, type Kind } from "./kind.ts";
import { type Expectation, outcomeFault } from "./outcome.ts";
import { smallerLists, smallerTexts } from "./shrink.ts";
import { traceFault, type Traces, traces } from "./traces.ts";

/** Command lines, from the program's own table of commands and their flags. */
export interface ArgvInput {
  /** Given to the executable; else this process takes it, as far as it can. */
  readonly boxed: boolean;
  /** Bytes that are no UTF-8 are U+DC80 to U+DCFF, as in syscalls/abi/text.ts. */
  readonly args: readonly string[];
}

/** How many in a hundred command lines are given to the executable. */
const BOXED = 15;

/** A container that runs, one that is only created. */
const LIVE = "live";
const MADE = "made";

/** Two of the kernel's limits are near: one argument has at most 128 KiB, a path 4096 bytes. */
const WORDS: readonly [string, ...string[]] = [
  "",
  "-",
  "--",
  "---",
  "-=",
  "--=",
  "=",
  "-x",
  "--x=y",
  "-\udcff",
  "--\udc80=\udc80",
  "\udcff\udcfe",
  "\u{1f600}",
  "\ufffd",
  "\u202e",
  "\n",
  "a\nb",
  "\x1b[31m",
  "\x07",
  "%s%n",
  "$(false)",
  "0",
  "-1",
  "1",
  "007",
  "1e3",
  "0x10",
  "9223372036854775808",
  "99999999999999999999999999",
  "NaN",
  "null",
  "true",
  "false",
  "json",
  "JSON",
  "help",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "/",
  "//",
  ".",
  "..",
  "../..",
  "/dev/null",
  "/dev/full",
  "/proc/self/exe",
  "/proc/self/fd/99",
  "/nonexistent/file",
  "a:b:c",
  "a,b",
  "0:0",
  "1000:1000:1",
  "CAP_SYS_ADMIN",
  "KEY=value",
  ".*",
  "[",
  "(",
  "KILL",
  "sigterm",
  "64",
  "1h",
  "-5s",
  "1ms",
  "10M",
  "x".repeat(256),
  "y".repeat(5000),
  "z".repeat(120_000),
  "-".repeat(9000),
  "--" + "q".repeat(70_000),
  "{}",
];

/** What is executed where a command line names a program: nothing that does anything. */
const PROGRAMS: readonly [string, ...string[]] = ["true", "false", "/bin/true", "nosuch", "", "/"];

/** Random command lines for every command. */
export async function argvKind(box: Box): Promise<Kind<ArgvInput>> {
  const commands = await Promise.all(COMMANDS.map(async ({ load }) => (await load()).command));
  const containers = new Containers(box);
  const ends = new Ends();
  return {
    name: "argv",
    ends,
    generate: (random) => {
      const args = commandLine(commands, random, box);
      return { boxed: random.chance(BOXED), args };
    },
    run: async ({ args, boxed }) => {
      containers.provide(boxed ? args : []);
      const before = containers.before;
      const outcome = await box.run(args, boxed, mayWait(args) ? 500 : undefined);
      ends.add(`ended with ${outcome.code ?? "a signal"}`);
      const fault = argvFault(outcome, commands);
      containers.after(args);
      box.clear(box.cwd);
      const left = traceFault(withoutFiles(before()), box.root, withoutFiles);
      if (left !== null) containers.settle();
      return fault ?? left;
    },
    *smaller({ args, boxed }): Iterable<ArgvInput> {
      for (const fewer of smallerLists(args)) yield { boxed, args: fewer };
      for (const [at, word] of args.entries()) {
        for (const shorter of smallerTexts(word)) yield { boxed, args: args.with(at, shorter) };
      }
    },
  };
}

/** A command line may ask for files wherever it likes. */
function withoutFiles(all: Traces): Traces {
  return new Map([...all].filter(([what]) => what !== "file"));
}

function commandLine(commands: readonly Command[], random: Random, box: Box): string[] {
  const args = random.chance(85) ? ["--root", box.root] : [];
  for (let i = random.chance(25) ? 1 + random.below(3) : 0; i > 0; i--) {
    args.push(...flagWords(GLOBAL_FLAGS, random, box));
  }
  const command = commands[random.below(commands.length)];
  if (command === undefined || random.chance(4)) return [...args, ...words(random, box, 4)];
  args.push(random.chance(3) ? command.name.toUpperCase() : command.name);
  for (let i = random.below(4); i > 0; i--) args.push(...flagWords(command.flags, random, box));
  args.push(...positionals(command, random, box));
  if (random.chance(15)) args.push(...flagWords(command.flags, random, box));
  return args;
}

function words(random: Random, box: Box, most: number): string[] {
  return Array.from({ length: random.below(most) }, () => word(random, box));
}

function word(random: Random, box: Box): string {
  if (random.chance(60)) return random.pick(WORDS);
  const { dir, scratch, cwd } = box;
  return random.pick([
    LIVE,
    MADE,
    `${dir}/bundle`,
    `${dir}/bundle/config.json`,
    `${scratch}/file`,
    `${scratch}/dir`,
    `${scratch}/link`,
    `${cwd}/new`,
    "new",
  ]);
}

/** As many as the command wants, more often than not. */
function positionals(command: Command, random: Random, box: Box): string[] {
  const { min, max } = command.positionals;
  const span = Math.min(max, min + 3) - min;
  const count = random.chance(85) ? min + random.below(span + 1) : random.below(6);
  return Array.from({ length: count }, (_, at) => {
    if (runsProgram(command.name) && at >= 1 || command.name === "sandbox") {
      return random.pick(PROGRAMS);
    }
    if (at === 0 && random.chance(60)) return random.pick([LIVE, MADE, "c", "nosuch"]);
    return word(random, box);
  });
}

function runsProgram(name: string): boolean {
  return name === "exec" || name === "run" || name === "sandbox";
}

function flagWords(flags: readonly Flag[], random: Random, box: Box): string[] {
  const flag = flags[random.below(flags.length)];
  if (flag === undefined || random.chance(5)) return [word(random, box)];
  const dashed = flag.short !== undefined && random.chance(40)
    ? `-${flag.short}`
    : `--${flag.name}`;
  if (flag.type === "boolean") {
    return random.chance(85) ? [dashed] : [`${dashed}=${word(random, box)}`];
  }
  const value = valueOf(flag, random, box);
  if (random.chance(4)) return [dashed];
  return random.chance(50) ? [dashed, value] : [`${dashed}=${value}`];
}

function valueOf({ type, choices }: Flag, random: Random, box: Box): string {
  const known = choices?.[random.below(choices.length)];
  if (known !== undefined && random.chance(70)) return known;
  if (type === "number" && random.chance(60)) return String(random.below(5));
  return word(random, box);
}

/** Whether a command line may wait for a container that goes on. */
function mayWait(args: readonly string[]): boolean {
  return args.includes("wait") || args.includes("events");
}

/** What runc's callers know: 3 for an unknown command, 255 for exec; 126 and 127 are a shell's. */
function argvFault(outcome: Outcome, commands: readonly Command[]): Fault | null {
  const { args } = outcome;
  const named = commands.filter(({ name }) => args.includes(name));
  const passesStatus = named.some(({ name }) => runsProgram(name) || name === "wait");
  const failures = [1, 3];
  for (const { failureExitCode } of named) {
    if (failureExitCode !== undefined) failures.push(failureExitCode);
  }
  if (named.some(({ speaksForProgram }) => speaksForProgram === true)) failures.push(126, 127);
  const expected: Expectation = {
    given: args.join("\n"),
    passesStatus,
    mayHang: mayWait(args),
    failures,
  };
  return outcomeFault(withoutCopy(outcome), expected);
}

/** With --log, and a file that is standard error, a failure is told there and, in plain words, here: once is meant. */
function withoutCopy(outcome: Outcome): Outcome {
  const lines = outcome.stderr.split("\n");
  const logs = outcome.args.some((arg) => /^--?log(?:=|$)/.test(arg));
  if (!logs || !lines.some((line) => line.includes("Cannot write to the log"))) return outcome;
  return { ...outcome, stderr: lines.filter((line) => !line.includes("the log")).join("\n") };
}

/** The two containers that command lines may name, made when they are wanted, and made anew when a command has met them. */
class Containers {
  readonly #box: Box;
  #nothing: Traces;
  #there: Traces | null = null;

  constructor(box: Box) {
    this.#box = box;
    const bundle = `${box.dir}/bundle`;
    Deno.mkdirSync(bundle, { recursive: true });
    this.#nothing = traces(box.root);
  }

  /** What should be there after the command. */
  readonly before = (): Traces => this.#there ?? this.#nothing;

  provide(args: readonly string[]): void {
    if (!meets(args)) return this.#remove();
    if (this.#there !== null) return;
    for (const id of [LIVE, MADE]) {
      const config = testConfig(this.#box.rootfs, `/${id}`);
      config.process.args = ["sleep", "100000"];
      this.#write(config);
      this.#must(["create", "--bundle", `${this.#box.dir}/bundle`, id]);
    }
    this.#must(["start", LIVE]);
    this.#write(testConfig(this.#box.rootfs, "/cases/c"));
    this.#there = traces(this.#box.root);
  }

  /** What was left stays, and is not found again with every command after it. */
  settle(): void {
    this.#remove();
    this.#nothing = traces(this.#box.root);
  }

  after(args: readonly string[]): void {
    if (meets(args)) this.#remove();
    for (const { name } of Deno.readDirSync(this.#box.root)) {
      // A container that was made without a fault is none; with one it is told as such.
      if (name !== LIVE && name !== MADE && args.includes("create")) this.#delete(name);
    }
  }

  #remove(): void {
    if (this.#there === null) return;
    for (const id of [LIVE, MADE]) this.#delete(id);
    this.#there = null;
  }

  #delete(id: string): void {
    this.#box.ocirt(["delete", "--force", id]);
  }

  #must(args: readonly string[]): void {
    const { code, stderr } = this.#box.ocirt(args);
    if (code !== 0) throw new Error(`Cannot prepare a container: ${stderr}`);
  }

  #write(config: unknown): void {
    Deno.writeTextFileSync(`${this.#box.dir}/bundle/config.json`, JSON.stringify(config));
  }
}

/** Whether a command line may reach the containers. */
function meets(args: readonly string[]): boolean {
  return args.some((arg) => arg.includes(LIVE) || arg.includes(MADE) || /regex/.test(arg)) ||
    args.includes("list");
}
