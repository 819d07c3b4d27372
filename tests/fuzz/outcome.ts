import type { Outcome } from "./box.ts";
import type { Fault } from "./kind.ts";
import { brief, messageFault } from "./words.ts";

/** What may come of a command beside success. */
export interface Expectation {
  /** Exit statuses of a failure; 1 where nothing is said. */
  readonly failures?: readonly number[];
  /** Its exit status may be that of a program it ran: then it says nothing. */
  readonly passesStatus?: boolean;
  /** The program's output goes to the same standard error. */
  readonly programTalks?: boolean;
  /** A command that may wait for ever was ended, and nothing is wrong with that. */
  readonly mayHang?: boolean;
  /** What the user gave, of which a message may repeat any part. */
  readonly given?: string;
}

interface Said {
  readonly errors: readonly string[];
  /** Lines that are no log lines. */
  readonly plain: readonly string[];
  /** The last log line is an error. */
  readonly endsWithError: boolean;
}

/** Whether a command ended as a command has to: it worked, or failed with one clear sentence and a status that is documented. */
export function outcomeFault(outcome: Outcome, expected: Expectation = {}): Fault | null {
  const { code, signal, hung } = outcome;
  const about = `of ${brief(JSON.stringify(outcome.args))}`;
  if (hung) {
    if (expected.mayHang === true) return null;
    return { rule: "hang", text: `no end ${about}: ${brief(outcome.stderr)}` };
  }
  if (code === null) {
    return { rule: "crash", text: `signal ${signal} ${about}: ${brief(outcome.stderr)}` };
  }
  const fault = wordsFault(outcome, code, expected);
  return fault === null ? null : { ...fault, text: `${fault.text} (${about}, status ${code})` };
}

function wordsFault({ stderr }: Outcome, code: number, expected: Expectation): Fault | null {
  const { given = "", passesStatus, programTalks, failures = [1] } = expected;
  const { errors, plain, endsWithError } = saidIn(stderr);
  const told = [...errors, ...plain];
  if (programTalks === true && errors.length === 0 && !failures.includes(code)) return null;
  if (code === 0 || (passesStatus === true && told.length === 0)) {
    if (told.length === 0) return null;
    return { rule: "success with an error", text: brief(told.join("\n")) };
  }
  if (!failures.includes(code)) {
    return { rule: "exit status", text: `it is none of ${failures}: ${brief(stderr)}` };
  }
  if (told.length !== 1) {
    return {
      rule: "one sentence",
      text: `${told.length} lines tell of the failure: ${brief(stderr)}`,
    };
  }
  if (errors.length === 1 && !endsWithError) {
    return { rule: "last line", text: `the error is not the last line: ${brief(stderr)}` };
  }
  return messageFault(told[0] ?? "", given);
}

function saidIn(stderr: string): Said {
  const errors: string[] = [];
  const plain: string[] = [];
  let endsWithError = false;
  for (const line of stderr.split("\n")) {
    if (line === "") continue;
    const logged = loggedLine(line);
    if (logged === null) {
      plain.push(line);
      continue;
    }
    endsWithError = logged.level === "error";
    if (endsWithError) errors.push(logged.message);
  }
  return { errors, plain, endsWithError };
}

/** What a log line of either form says. */
function loggedLine(line: string): { readonly level: string; readonly message: string } | null {
  const text = /^time="[^"]+" level=(\w+) msg=(.*)$/.exec(line);
  if (text !== null) return { level: text[1] ?? "", message: unquote(text[2] ?? "") };
  if (!line.startsWith('{"level":')) return null;
  try {
    const { level, msg } = JSON.parse(line);
    return { level: String(level), message: String(msg) };
  } catch {
    return null;
  }
}

/** The reverse of Go's %q. */
function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07" };
  return text.slice(1, -1).replace(
    /\\(?:x(..)|u(....)|U(.{8})|(.))/g,
    (_all, byte, unit, point, letter) => {
      const hex = byte ?? unit ?? point;
      return hex === undefined
        ? escapes[letter] ?? letter
        : String.fromCodePoint(Number.parseInt(hex, 16));
    },
  );
}
