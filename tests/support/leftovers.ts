import { assertEquals } from "@std/assert";
import { pid } from "syscalls/abi/brand.ts";
import { setChildSubreaper, waitPid } from "syscalls/libc/process.ts";
import type { Stage } from "./stage.ts";

/** What containers must not leave behind. */
export interface Leftovers {
  /** `PID NAME` of every process that lost its parent and came to this one. */
  readonly processes: readonly string[];
  /** Lines of mountinfo that name the test's folder. */
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  /** Files below the test's folder. */
  readonly files: readonly string[];
  /** Descriptors of this process. */
  readonly descriptors: number;
}

/** From now on processes that lose their parent become children of this one, where they are seen. */
export function adoptOrphans(): void {
  setChildSubreaper();
}

/** Reaps the orphans that have ended: a pid namespace lasts until the last of its processes is reaped. */
export function reapOrphans(): void {
  childPids().forEach(reaped);
}

/** What is there now, after what has ended is reaped. */
export function leftovers(stage: Stage): Leftovers {
  return {
    processes: children(),
    mounts: Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
      .filter((line) => line.includes(stage.dir)),
    cgroups: stage.cgroups().filter((path) => !path.endsWith(stage.cgroup)),
    files: filesIn(stage.dir).sort(),
    descriptors: Array.from(Deno.readDirSync("/proc/self/fd")).length,
  };
}

/** Runs a test and asserts that all it makes in the stage is gone afterwards. */
export function leavingNothing(stage: Stage, test: () => void): void {
  adoptOrphans();
  const before = leftovers(stage);
  test();
  assertEquals(leftovers(stage), before);
}

/** Processes that are children of this one; those that have ended are reaped. A dying one is given a moment. */
function children(): string[] {
  const alive = (): string[] => childPids().filter((child) => !reaped(child)).map(describe);
  const end = performance.now() + 2000;
  let found = alive();
  while (found.length > 0 && performance.now() < end) found = alive();
  return found;
}

function childPids(): number[] {
  return Array.from(Deno.readDirSync("/proc/self/task")).flatMap(({ name }) => {
    const text = Deno.readTextFileSync(`/proc/self/task/${name}/children`);
    return text.split(" ").filter((word) => word !== "").map(Number);
  });
}

function reaped(child: number): boolean {
  try {
    return waitPid(pid(child), { block: false }) !== null;
  } catch {
    return true;
  }
}

function describe(child: number): string {
  try {
    return `${child} ${Deno.readTextFileSync(`/proc/${child}/comm`).trim()}`;
  } catch {
    return `${child} (ended)`;
  }
}

function filesIn(dir: string): string[] {
  return Array.from(Deno.readDirSync(dir)).flatMap(({ name, isDirectory }) => {
    const path = `${dir}/${name}`;
    return isDirectory ? [path, ...filesIn(path)] : [path];
  });
}
