import { ERRNO } from "syscalls/abi/errno.ts";
import { DEVPTS_SUPER_MAGIC, makedev, PROC_SUPER_MAGIC } from "syscalls/abi/kernel_stat.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { S_IF } from "syscalls/abi/open.ts";
import { interpret, type Interpretation, type Memory } from "syscalls/native/interpreter.ts";
import type { Program } from "syscalls/native/program.ts";
import { compileInit } from "runtime/compile/init/program.ts";
import type { Plan } from "runtime/plan/plan.ts";
import { descriptorsFor } from "./plan_fixtures.ts";

/** The plan's program for x86-64. */
export function programOf(plan: Plan): Program {
  return compileInit(plan, "x86_64", descriptorsFor(plan));
}

/** Calls that give descriptors. */
const OPENING: readonly SyscallName[] = [
  "openat",
  "openat2",
  "open_tree",
  "fsopen",
  "fsmount",
  "socket",
];

const CHARACTER = BigInt(S_IF.S_IFCHR);

/** What programs look at once it is open: mode and device number, and what its file system is. */
const OPENED: readonly (readonly [SyscallName, string, readonly [bigint, bigint], bigint])[] = [
  ["openat", "/proc", [BigInt(S_IF.S_IFDIR), 0n], PROC_SUPER_MAGIC],
  ["openat2", "dev/pts/ptmx", [CHARACTER, makedev(5, 2)], DEVPTS_SUPER_MAGIC],
  ["open_tree", "/dev/null", [CHARACTER, makedev(1, 3)], 0n],
];

/** `struct stat` of x86-64 for the node that was made last: its mode and device number. */
function writeStat(
  memory: Memory,
  address: bigint,
  [mode, device]: readonly [bigint, bigint],
): void {
  memory.write(address + 24n, new Uint8Array(new BigUint64Array([mode]).buffer));
  memory.write(address + 40n, new Uint8Array(new BigUint64Array([device]).buffer));
}

/**
 * Interprets the plan's program on a kernel where everything works: it is the child of every clone, the host half answers,
 * start comes.
 *
 * @param failing which call, from 0, fails with EIO all the same
 */
export function runWhereAllWorks(plan: Plan, failing: number | null = null): Interpretation {
  let count = 0;
  let made: readonly [bigint, bigint] = [0n, 0n];
  let filesystem = 0n;
  let fd = 50n;
  return interpret(programOf(plan), {
    syscall: (name: SyscallName, args: readonly bigint[], memory: Memory): bigint => {
      if (count++ === failing) return -BigInt(ERRNO.EIO);
      if (name === "read") return args[2] ?? 0n;
      if (name === "epoll_pwait") return 1n;
      // The executable is no directory.
      if (name === "openat" && memory.cString(args[1] ?? 0n).endsWith("/sh")) {
        return -BigInt(ERRNO.ENOTDIR);
      }
      if (name === "getcwd") memory.write(args[0] ?? 0n, new TextEncoder().encode("/work\0"));
      const opened = OPENED.find(([call, path]) =>
        call === name && memory.cString(args[1] ?? 0n) === path
      );
      if (opened !== undefined) [, , made, filesystem] = opened;
      if (name === "fstatfs") {
        memory.write(args[1] ?? 0n, new Uint8Array(new BigUint64Array([filesystem]).buffer));
      }
      if (name === "mknodat") made = [args[2] ?? 0n, args[3] ?? 0n];
      if (name === "newfstatat") writeStat(memory, args[2] ?? 0n, made);
      return OPENING.includes(name) ? fd++ : 0n;
    },
  });
}
