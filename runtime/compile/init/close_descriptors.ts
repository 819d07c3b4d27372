import { CLOSE_RANGE } from "syscalls/abi/process.ts";
import { startedWith } from "./held.ts";
import type { Lowering } from "./lowering.ts";

/** The highest number that the kernel's `unsigned int fd` has. */
const LAST_FD = 0xffff_ffff;

/** Closes every descriptor but those that the process keeps and those by which the program talks and waits. */
export function closeDescriptors(low: Lowering, preservedFds: number): void {
  const { sync, gate, outcome } = low.descriptors;
  const kept = [sync, gate, outcome].filter((fd) => fd !== null).sort((a, b) => a - b);
  closeAllBut(low, preservedFds, kept);
}

/**
 * Closes what the runtime's caller had open and the process does not keep, so that whatever the program opens has low numbers, and
 * room below the limit. All that is left but what the process keeps closes itself at execve.
 */
export function closeInherited(low: Lowering, preservedFds: number): void {
  closeAllBut(low, preservedFds, startedWith(low.descriptors));
  closeRange(low, 3 + preservedFds, LAST_FD, "CLOSE_RANGE_CLOEXEC");
}

function closeAllBut(low: Lowering, preservedFds: number, kept: readonly number[]): void {
  let first = 3 + preservedFds;
  for (const fd of [...kept, LAST_FD + 1]) {
    if (first < fd) closeRange(low, first, fd - 1);
    first = Math.max(first, fd + 1);
  }
}

function closeRange(
  { builder }: Lowering,
  first: number,
  last: number,
  ...flags: readonly "CLOSE_RANGE_CLOEXEC"[]
): void {
  builder.call("close_range", [
    builder.immediate(first),
    builder.immediate(last, last === LAST_FD ? "~0U" : String(last)),
    builder.flags(CLOSE_RANGE, CLOSE_RANGE.of(...flags)),
  ]);
}
