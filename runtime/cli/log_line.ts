import type { LogLevel } from "runtime/base/log.ts";

/** The form of log lines. */
export type LogFormat = "text" | "json";

/** One line as runc's logger (logrus) writes it; `time` is RFC 3339 with whole seconds. */
export function logLine(
  format: LogFormat,
  { level, message, time }: { level: LogLevel; message: string; time: string },
): string {
  if (format === "json") return JSON.stringify({ level, msg: message, time }) + "\n";
  const text = isBare(message) ? message : quote(message);
  return `time="${time}" level=${level} msg=${text}\n`;
}

/** logrus quotes what is empty or has other than these characters. */
function isBare(text: string): boolean {
  return /^[A-Za-z0-9\-._/@^+]+$/.test(text);
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Go's `%q`: a quoted string without control characters; bytes that are no UTF-8 as `\xNN`. */
export function quote(text: string): string {
  let quoted = "";
  for (const character of text) quoted += NAMED[character] ?? escaped(character);
  return `"${quoted}"`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  // The halves of surrogate pairs that stand for single bytes in text that is not UTF-8.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  if (/^[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]$/u.test(character)) {
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  }
  return character;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
