/** How much a log line matters, least first. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** Where the runtime's own words go (`--log`). Only the last `error` line is an API: callers show it as the cause. */
export interface Logger {
  log(level: LogLevel, message: string): void;
}

/** A logger that keeps nothing. */
export const SILENT: Logger = { log: () => {} };
