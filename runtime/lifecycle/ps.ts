import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { containerCgroup } from "./container_cgroup.ts";
import type { Context } from "./context.ts";
import { inspectContainer } from "./inspect.ts";

/** What runc's callers get without options of their own. */
const DEFAULT_OPTIONS = ["-ef"];

/** The processes of a container, by their pids on the host. */
export function containerPids(context: Context, id: string): number[] {
  return containerCgroup(inspectContainer(context, id).record).pids().sort((a, b) => a - b);
}

/**
 * What the host's ps(1) says of a container's processes.
 *
 * @param options of ps(1); its output must have a column `PID`
 * @throws {HostError} when there is no ps, or it fails
 */
export function processTable(context: Context, id: string, options: readonly string[]): string {
  const pids = new Set(containerPids(context, id).map(String));
  const lines = hostTable(options.length === 0 ? DEFAULT_OPTIONS : options).split("\n");
  const [header = "", ...rows] = lines;
  const column = fieldsOf(header).indexOf("PID");
  if (column < 0) {
    throw new HostError("Cannot show processes: couldn't find PID field in ps output");
  }
  const shown = rows.filter((row) => pids.has(fieldsOf(row)[column] ?? ""));
  return [header, ...shown].map((line) => `${line}\n`).join("");
}

function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

function hostTable(options: readonly string[]): string {
  const { env } = processInfo();
  let result: Deno.CommandOutput;
  try {
    result = new Deno.Command("ps", {
      args: [...options],
      clearEnv: true,
      env: { PATH: env("PATH") || "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
      stdin: "null",
    }).outputSync();
  } catch (cause) {
    throw new HostError(`Cannot execute ps: ${ioReason(cause)}`, { cause });
  }
  const said = new TextDecoder();
  if (result.success) return said.decode(result.stdout);
  const reason = said.decode(result.stderr).trim() || `exit status ${result.code}`;
  throw new HostError(`Cannot show processes: ps: ${reason}`);
}
