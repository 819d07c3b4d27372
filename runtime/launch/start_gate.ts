import { ERRNO } from "syscalls/abi/errno.ts";
import { mode } from "syscalls/abi/brand.ts";
import type { Arch } from "syscalls/abi/arch.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { makeFifo, openFile, readInto, writeAll } from "syscalls/libc/files.ts";
import { makeDirectory, removeEmpty, removeFile, replaceFile } from "syscalls/libc/paths.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";
import { decodeReport, REPORT_SIZE } from "syscalls/native/report.ts";
import type { RecordPaths } from "runtime/base/paths.ts";

/**
 * The two fifos between a created container's init and whoever starts it. The init holds both, opened for reading and
 * writing, so that a read of the gate blocks and a write to the outcome never does.
 *
 * `start` writes one byte to the gate. The outcome then tells what became of execve(2): end of file when it worked
 * (close-on-exec), a report when it did not.
 */
export interface StartGate extends Disposable {
  readonly gate: OwnedFd;
  readonly outcome: OwnedFd;
}

export function makeStartGate(paths: RecordPaths, arch: Arch): StartGate {
  const O = openFlags(arch);
  makeFifo(paths.gate, mode(0o600));
  const folder = folderOf(paths.outcome);
  const made = makeDirectory(folder, mode(0o700));
  if (made < 0) throw new SyscallError({ verb: "create", object: `"${folder}"`, errno: -made });
  makeFifo(paths.outcome, mode(0o600));
  const gate = openFile(paths.gate, O.of("O_RDWR"));
  try {
    const outcome = openFile(paths.outcome, O.of("O_RDWR"));
    return {
      gate,
      outcome,
      [Symbol.dispose]: () => {
        gate[Symbol.dispose]();
        outcome[Symbol.dispose]();
      },
    };
  } catch (cause) {
    gate[Symbol.dispose]();
    throw cause;
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** What became of a start. */
export type StartOutcome =
  | { readonly kind: "executed" }
  /** execve(2) failed: the container's init has ended. */
  | { readonly kind: "failed"; readonly errno: number }
  /** Nobody waits at the gate: the init has gone past it, or has died. */
  | { readonly kind: "nobodyWaits" };

/** Lets the init go on, and waits until it has become the user's program or failed to. */
export function giveStart(paths: RecordPaths, arch: Arch): StartOutcome {
  const O = openFlags(arch);
  using outcome = openFile(paths.outcome, O.of("O_RDONLY", "O_NONBLOCK"));
  try {
    using gate = openFile(paths.gate, O.of("O_WRONLY", "O_NONBLOCK"));
    writeAll(gate.fd, new Uint8Array(1));
  } catch (cause) {
    if (!(cause instanceof SyscallError) || cause.errno !== ERRNO.ENXIO) throw cause;
    passGate(paths);
    return { kind: "nobodyWaits" };
  }
  passGate(paths);
  poll([{ fd: outcome.fd, events: Number(POLL.of("POLLIN")) }], -1);
  const report = new Uint8Array(REPORT_SIZE);
  if (readInto(outcome.fd, report) < REPORT_SIZE) {
    removeOutcome(paths);
    return { kind: "executed" };
  }
  return { kind: "failed", errno: Number(decodeReport(report).value) };
}

/** That the gate is gone tells a running container from a created one; when it got its other name tells when it was started. */
function passGate({ gate, started }: RecordPaths): void {
  const result = replaceFile(gate, started);
  if (result < 0) throw new SyscallError({ verb: "rename", object: `"${gate}"`, errno: -result });
}

/** Nobody needs it any more, and now costs no time that anybody waits for. What fails here is left for delete. */
function removeOutcome({ outcome }: RecordPaths): void {
  removeFile(outcome);
  removeEmpty(folderOf(outcome));
}
