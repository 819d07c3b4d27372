import { CLOSE_RANGE } from "syscalls/abi/process.ts";
import type { Lowering } from "./lowering.ts";

/** The highest number that the kernel's `unsigned int fd` has. */
const LAST_FD = 0xffff_ffff;

/** Closes every descriptor but those that the process keeps and those by which the program talks and waits. */
export function closeDescriptors(low: Lowering, preservedFds: number): void {
  const { builder, descriptors } = low;
  const kept = [descriptors.sync, descriptors.gate, descriptors.outcome].filter((fd) => fd !== null)
    .sort((a, b) => a - b);
  let first = 3 + preservedFds;
  for (const fd of [...kept, LAST_FD + 1]) {
    if (first < fd) {
      builder.call("close_range", [
        builder.immediate(first),
        builder.immediate(fd - 1, fd > LAST_FD ? "~0U" : String(fd - 1)),
        builder.flags(CLOSE_RANGE, CLOSE_RANGE.of()),
      ]);
    }
    first = fd + 1;
  }
}
