import {
  type Command,
  type CommandResult,
  type Invocation,
  type Output,
  positional,
  stringFlag,
} from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import {
  type DumpedFilter,
  dumpSeccomp,
  type TestedCall,
  testSeccomp,
} from "runtime/lifecycle/seccomp_profile.ts";
import { SECCOMP_ARCHS } from "runtime/spec/words/seccomp.ts";

/** A call has six arguments at most. */
const MOST_ARGUMENTS = 6;

export const command: Command = {
  name: "seccomp",
  usage: "test <profile> <syscall> [<argument>...] || dump <profile>",
  description:
    `Looks at a seccomp profile: a file as linux.seccomp of config.json, or a config.json. "test" answers
what happens to a system call with these arguments (0 where none are given), and which rule says so.
"dump" shows the filter that the profile is compiled to, with the names of numbers on each architecture. Nothing runs, and no privilege is needed.`,
  flags: [
    {
      name: "arch",
      type: "string",
      metavar: "ARCH",
      help: "architecture of the call, as profiles name it (default: this machine's)",
      completion: SECCOMP_ARCHS,
    },
    {
      name: "format",
      short: "f",
      type: "string",
      metavar: "FORMAT",
      help: "how to show it: text or json; for dump also base64, the filter's bytes",
      fallback: "text",
      choices: ["text", "json", "base64"],
    },
  ],
  positionals: { min: 2, max: 2 + 1 + MOST_ARGUMENTS, are: [["test", "dump"], "file"] },
  examples: [
    { line: "%n seccomp test profile.json mount", does: "may a container mount?" },
    { line: "%n seccomp test config.json socket 40", does: "a call with arguments" },
    { line: "%n seccomp dump --arch x86 profile.json", does: "the filter, line by line" },
  ],
  run(invocation): Promise<CommandResult> {
    const { positionals } = invocation;
    const verb = positional(invocation, 0);
    if (verb === "test" && positionals.length > 2) return test(invocation);
    if (verb === "dump" && positionals.length === 2) return dump(invocation);
    throw new UsageError(
      `Cannot run seccomp ${positionals.join(" ")}: ` +
        "it takes test with a profile, a system call and its arguments, or dump with a profile",
    );
  },
};

async function test(invocation: Invocation): Promise<CommandResult> {
  if (stringFlag(invocation, "format") === "base64") {
    throw new UsageError("Cannot show a test as base64: only a filter has bytes");
  }
  const tested = await testSeccomp({
    profile: positional(invocation, 1),
    syscall: positional(invocation, 2),
    args: invocation.positionals.slice(3),
    arch: stringFlag(invocation, "arch"),
  });
  if (stringFlag(invocation, "format") === "json") return result(json(tested));
  return result({ kind: "text", text: testText(tested) });
}

const REASONS: Readonly<Record<TestedCall["reason"], string>> = {
  rule: "",
  default: "no rule fits, so the default action: ",
  newer: "its number is above all that the profile names, and an older kernel would say so",
  architecture: "the profile does not have this architecture",
};

function testText(tested: TestedCall): string {
  const { syscall, number, arch, answer, reason, origin, evaluated, instructions } = tested;
  return `${syscall} (${number}, ${arch}): ${answer}\n` +
    `  ${REASONS[reason]}${origin}\n` +
    `  after ${evaluated} of ${instructions} instructions\n`;
}

async function dump(invocation: Invocation): Promise<CommandResult> {
  const dumped = await dumpSeccomp(positional(invocation, 1), stringFlag(invocation, "arch"));
  const base64 = toBase64(dumped.program);
  switch (stringFlag(invocation, "format")) {
    case "base64":
      return result({ kind: "text", text: `${base64}\n` });
    case "json": {
      const { archs, flags, listing, warnings } = dumped;
      return result(json({ archs, flags, warnings, base64, listing }));
    }
    default:
      return result({ kind: "text", text: dumpText(dumped) });
  }
}

function dumpText({ archs, flags, listing, warnings }: DumpedFilter): string {
  const width = String(listing.length).length;
  const lines = listing.map(({ text, note }, at) => {
    const line = `${String(at).padStart(width)}  ${text}`;
    return note === "" ? line : `${line.padEnd(40)}; ${note}`;
  });
  return [
    `; ${archs.join(", ")}`,
    `; ${listing.length} instructions, flags ${flags}`,
    ...warnings.map((text) => `; ${text}`),
    ...lines,
    "",
  ].join("\n");
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function json(value: unknown): Output {
  return { kind: "json", value, indent: 2, newline: true };
}

function result(output: Output): CommandResult {
  return { output, exitCode: 0 };
}
