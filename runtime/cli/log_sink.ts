import { HostError, UsageError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { Logger, LogLevel } from "runtime/base/log.ts";
import { type LogFormat, logLine } from "./log_line.ts";
import { type Sink, writeText } from "./write.ts";

/** What the global flags say about logging, as typed. */
export interface LogOptions {
  /** Path of the log file; null for standard error. */
  readonly file: string | null;
  readonly format: string;
  readonly level: string | null;
  readonly debug: boolean;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/** The words of `--log-level`, with those that other runtimes have. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warning",
  warning: "warning",
  error: "error",
};

/** The logger that is in use before the command line is understood. */
export const PLAIN_LOG: LogOptions = { file: null, format: "text", level: null, debug: false };

/**
 * The logger that the flags ask for.
 * @throws {UsageError} for an unknown format or level, the former in runc's words
 * @throws {HostError} when the log file cannot be opened
 */
export function openLog(options: LogOptions): Logger {
  const format = formatOf(options.format);
  const least = RANK[levelOf(options)];
  const sink = options.file === null || options.file === "/dev/stderr"
    ? Deno.stderr
    : openFile(options.file);
  return {
    log(level, message): void {
      if (RANK[level] < least) return;
      writeLine(sink, logLine(format, { level, message, time: now() }));
    },
  };
}

function formatOf(word: string): LogFormat {
  if (word === "json") return "json";
  if (word === "text" || word === "") return "text";
  throw new UsageError(`invalid log-format: ${word}; hint: use text or json`);
}

function levelOf({ level, debug }: LogOptions): LogLevel {
  if (level === null) return debug ? "debug" : "info";
  const known = Object.hasOwn(LEVELS, level) ? LEVELS[level] : undefined;
  if (known === undefined) {
    throw new UsageError(`invalid log-level: ${level}; hint: use error, warning, info or debug`);
  }
  return known;
}

function openFile(path: string): Sink {
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o644 });
  } catch (cause) {
    throw new HostError(`Cannot open log file "${path}": ${ioReason(cause)}`, { cause });
  }
}

/** A log that cannot be written must not end a container's command, nor be lost without a word. */
function writeLine(sink: Sink, line: string): void {
  try {
    writeText(sink, line);
  } catch (error) {
    if (sink === Deno.stderr) return;
    tell(`Cannot write to the log: ${ioReason(error)}\n${line}`);
  }
}

/** Writes to standard error, come what may: there is nowhere left to report that this failed. */
export function tell(text: string): void {
  try {
    writeText(Deno.stderr, text);
  } catch {
    // A full disk or a broken terminal behind standard error: the exit status still tells.
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
