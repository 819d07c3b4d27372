import { normalize } from "@std/path/posix";
import { buildInfo } from "runtime/base/build_info.ts";
import type { CgroupManager, CommandContext, FlagValues } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import type { Logger } from "runtime/base/log.ts";
import { stateRoot } from "runtime/base/paths.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { processInfo } from "runtime/host/process_info.ts";
import type { LogOptions } from "./log_sink.ts";

/** What the global flags say of logging; a relative log file is taken from the caller's directory. */
export function logOptions(flags: FlagValues): LogOptions {
  const file = textOf(flags, "log");
  return {
    file: file === null ? null : resolveUserPath(file),
    format: textOf(flags, "log-format") ?? "text",
    level: textOf(flags, "log-level"),
    debug: flags["debug"] === true,
  };
}

/** What the global flags decide for a command. */
export function commandContext(
  programName: string,
  flags: FlagValues,
  log: Logger,
): CommandContext {
  if (textOf(flags, "criu") !== null) {
    log.log("warning", "--criu is ignored: criu is looked up in $PATH");
  }
  return {
    root: rootPath(programName, textOf(flags, "root")),
    log,
    programName,
    cgroupManager: cgroupManager(flags),
    rootless: ROOTLESS[textOf(flags, "rootless") ?? ""] ?? null,
    version: buildInfo().version,
  };
}

/** Whether `--root` was given: a default state root may be missing, a chosen one may not. */
export function rootIsExplicit(flags: FlagValues): boolean {
  return textOf(flags, "root") !== null;
}

function rootPath(programName: string, given: string | null): string {
  return stateRoot({
    root: given === null ? null : clean(given),
    programName,
    euid: Deno.uid() ?? 0,
    // Asked for only where it matters: a file read costs more than the rest.
    get inUserNamespace() {
      return isMapped();
    },
    env: (name) => processInfo().env(name),
  });
}

/** Absolute, without `.`, `..` or doubled slashes, so that "/" in any disguise is seen for what it is. */
function clean(path: string): string {
  const absolute = path.startsWith("/") ? path : resolveUserPath(path);
  // normalize() costs as much as the whole parsing of flags, and nearly every path is clean.
  if (!absolute.includes("/.") && !absolute.includes("//") && !absolute.endsWith("/")) {
    return absolute;
  }
  const cleaned = normalize(absolute);
  return cleaned.length > 1 && cleaned.endsWith("/") ? cleaned.slice(0, -1) : cleaned;
}

/** Whether root is only root of a user namespace: the initial one maps every id to itself (user_namespaces(7)). */
function isMapped(): boolean {
  const line = Deno.readTextFileSync("/proc/self/uid_map").trim();
  const [inside, outside, length] = line.split(" ").filter((word) => word !== "");
  return !(inside === "0" && outside === "0" && length === "4294967295");
}

/** Go's words for a boolean, which runc takes; all others mean that it is found out. */
const ROOTLESS: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true])),
  ...Object.fromEntries(["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false])),
};

function cgroupManager(flags: FlagValues): CgroupManager {
  const manager = textOf(flags, "cgroup-manager");
  switch (manager) {
    case "systemd":
    case "disabled":
      return manager;
    case "cgroupfs":
    case null:
      return flags["systemd-cgroup"] === true ? "systemd" : "cgroupfs";
    default:
      throw new UsageError(
        `Cannot use flag --cgroup-manager: "${manager}" is not one of cgroupfs, systemd, disabled`,
      );
  }
}

function textOf(flags: FlagValues, name: string): string | null {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : null;
}
