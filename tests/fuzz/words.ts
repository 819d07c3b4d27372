import type { Fault } from "./kind.ts";

/** A message has to fit a screen, not fill a disk. */
const LONGEST = 16_384;

/** What only a mistake of the program's would say. */
const SLIPS: readonly (readonly [rule: string, pattern: RegExp])[] = [
  ["internal error", /internal error|this is a bug/],
  ["stack trace", /\n\s*at |\bat \S+ \(\S*:\d+:\d+\)|\bocirt\.js:\d+/],
  ["exception class", /\b(?:Type|Range|Reference|Syntax)Error\b|Maximum call stack/],
  ["value without words", /\[object \w+\]|\bundefined\b|\bNaN\b/],
  ["crash", /panicked at|RUST_BACKTRACE|Segmentation fault|core dumped|out of memory/],
];

/**
 * Whether a message is one clear sentence.
 * @param given what the user typed or wrote, of which a message may repeat any part
 */
export function messageFault(message: string, given = ""): Fault | null {
  if (message.trim() === "") return { rule: "message", text: "the message is empty" };
  if (message.includes("\n")) {
    return { rule: "message", text: `the message has more than one line: ${brief(message)}` };
  }
  if (message.length > LONGEST) {
    const text = `the message has ${message.length} characters: ${brief(message)}`;
    return { rule: "length", text };
  }
  for (const [rule, pattern] of SLIPS) {
    const slip = pattern.exec(message)?.[0];
    if (slip === undefined || given.includes(slip)) continue;
    return { rule, text: brief(message, message.indexOf(slip)) };
  }
  return null;
}

/** Some of a text, around an interesting place. */
export function brief(text: string, at = 0): string {
  const start = Math.max(0, at - 300);
  const piece = text.slice(start, start + 700);
  return piece.length === text.length ? text : `${piece}... (of ${text.length})`;
}
