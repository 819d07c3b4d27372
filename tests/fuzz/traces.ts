import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { reapAny } from "syscalls/libc/process.ts";
import type { Fault } from "./kind.ts";

/** What a command could leave behind on the machine, as lines. */
export type Traces = ReadonlyMap<string, ReadonlySet<string>>;

/** How long what has been killed may take to be gone, in milliseconds. */
const PATIENCE = 5000;

/** What is there now. The machine is the sandbox: every process but this one counts. */
export function traces(root: string): Traces {
  while (reapAny() !== null);
  const { hierarchies } = hostLayout();
  return new Map([
    ["container", namesIn(root)],
    ["process", processes()],
    ["mount", mounts()],
    ["cgroup", new Set(hierarchies.flatMap(({ mountpoint }) => foldersIn(mountpoint)))],
    ["file", new Set([...namesIn("/tmp"), ...namesIn("/run"), ...namesIn("/dev/shm")])],
    ["network device", namesIn("/sys/class/net")],
    ["host name", new Set([Deno.hostname()])],
  ]);
}

/**
 * What is there now and was not before, or the other way round; null when nothing is. What ends is given a moment.
 *
 * @param view what of the traces now there is to be compared
 */
export function traceFault(
  before: Traces,
  root: string,
  view: (all: Traces) => Traces = (all) => all,
): Fault | null {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const fault = difference(before, view(traces(root)));
    if (fault === null || performance.now() > end) return fault;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

/** The first thing that is in one and not in the other. */
export function difference(before: Traces, after: Traces): Fault | null {
  for (const [what, had] of before) {
    const has = after.get(what) ?? new Set();
    const [left] = has.difference(had);
    if (left !== undefined) return { rule: `${what} left`, text: `${what} is left: ${left}` };
    const [lost] = had.difference(has);
    if (lost !== undefined) return { rule: `${what} lost`, text: `${what} is gone: ${lost}` };
  }
  return null;
}

function namesIn(dir: string): Set<string> {
  try {
    return new Set(Array.from(Deno.readDirSync(dir), ({ name }) => name));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return new Set();
    throw cause;
  }
}

function processes(): Set<string> {
  const found = new Set<string>();
  for (const name of namesIn("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    try {
      found.add(`${name} ${Deno.readTextFileSync(`/proc/${name}/comm`).trim()}`);
    } catch {
      // It has ended.
    }
  }
  return found;
}

/** The lines of mountinfo without the numbers of mounts, which change. */
function mounts(): Set<string> {
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").trim().split("\n");
  const counts = new Map<string, number>();
  return new Set(lines.map((line) => {
    const text = line.split(" ").slice(3).join(" ");
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return `${text} #${count}`;
  }));
}

function foldersIn(dir: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (isDirectory) found.push(`${dir}/${name}`, ...foldersIn(`${dir}/${name}`));
  }
  return found;
}
