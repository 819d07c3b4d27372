import type { Fd, Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SIGNALS, signalSet } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { readInto, setNonblocking, writeSome } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll, type PollEntry, readSignal, signalFd } from "syscalls/libc/poll.ts";
import { openPidfd, signalPidfd, waitPid, type WaitStatus } from "syscalls/libc/process.ts";

/** A process that is fed one text, and what is wanted of its output. */
export interface HookRun {
  readonly process: Pid;
  readonly input: Uint8Array<ArrayBuffer>;
  /** Our end of its standard input. */
  readonly stdin: OwnedFd;
  /** Our ends of its standard output and error; null where they go elsewhere. */
  readonly outputs: readonly (OwnedFd | null)[];
  /** In seconds; null is for ever. */
  readonly timeout: number | null;
}

/** How it ended. */
export interface HookEnd {
  readonly status: WaitStatus;
  readonly timedOut: boolean;
  /** What came of each output, the last {@link KEPT} bytes of it. */
  readonly outputs: readonly Uint8Array<ArrayBuffer>[];
}

/** How much of an output is kept. */
export const KEPT = 65_536;

/** Signals by which somebody wants the runtime to stop: they are the hook's, and its end is the runtime's failure. */
const STOPPING = signalSet(SIGNALS.SIGHUP, SIGNALS.SIGINT, SIGNALS.SIGQUIT, SIGNALS.SIGTERM);

/** The longest wait that the kernel is asked for, in milliseconds: twenty-four days. */
const LONGEST = 2 ** 31;

/**
 * Feeds a child process and reads from it until it ends. What it has started may go on and hold its output: nobody waits
 * for that. After its time it is killed.
 */
export function attendHook(run: HookRun): HookEnd {
  using pidfd = openPidfd(run.process);
  using signals = signalFd(STOPPING);
  const feed = makeFeed(run.stdin, run.input);
  const taps = run.outputs.map((output) => makeTap(output));
  const end = run.timeout === null ? Infinity : performance.now() + 1000 * run.timeout;
  const move = (): void => {
    feed.move();
    for (const tap of taps) tap.move();
  };
  let timedOut = false;
  for (;;) {
    const left = end - performance.now();
    timedOut = left <= 0;
    if (timedOut) break;
    const [ended, signaled] = poll([
      { fd: pidfd.fd, events: READABLE },
      { fd: signals.fd, events: READABLE },
      ...[feed, ...taps].flatMap((it) => it.entries()),
    ], left === Infinity ? -1 : Math.ceil(Math.min(left, LONGEST)));
    move();
    if (ended !== 0) break;
    if (signaled !== 0) passOn(signals.fd, pidfd.fd);
  }
  if (timedOut) bestEffort("it may just have ended", () => signalPidfd(pidfd.fd, SIGNALS.SIGKILL));
  const status = waitPid(run.process, { block: true });
  if (status === null) throw new RangeError(`Cannot wait for process ${run.process}`);
  move();
  return { status, timedOut, outputs: taps.map((tap) => tap.taken()) };
}

const READABLE = Number(POLL.of("POLLIN"));
const WRITABLE = Number(POLL.of("POLLOUT"));

function passOn(signals: Fd, hook: Fd): void {
  for (let got = readSignal(signals); got !== null; got = readSignal(signals)) {
    const { signal } = got;
    bestEffort("it may just have ended", () => signalPidfd(hook, signal));
  }
}

interface Stream {
  /** What to wait for now. */
  entries(): PollEntry[];
  /** Moves what is ready. */
  move(): void;
}

/** Writes the input and closes it; a reader that goes away does not want the rest. */
function makeFeed(stdin: OwnedFd, input: Uint8Array<ArrayBuffer>): Stream {
  setNonblocking(stdin.fd);
  let done = 0;
  let open = true;
  return {
    entries: () => open ? [{ fd: stdin.fd, events: WRITABLE }] : [],
    move: () => {
      while (open) {
        const count = done < input.length ? writeSome(stdin.fd, input.subarray(done)) : 0;
        if (count === -ERRNO.EAGAIN) return;
        done += Math.max(count, 0);
        open = count > 0;
      }
      stdin[Symbol.dispose]();
    },
  };
}

interface Tap extends Stream {
  taken(): Uint8Array<ArrayBuffer>;
}

function makeTap(output: OwnedFd | null): Tap {
  if (output === null) {
    return { entries: () => [], move: () => {}, taken: () => new Uint8Array() };
  }
  setNonblocking(output.fd);
  // Behind what is kept there is always room for all that a pipe holds: one read is enough, however fast somebody writes.
  const space = new Uint8Array(2 * KEPT);
  let end = 0;
  let open = true;
  return {
    entries: () => open ? [{ fd: output.fd, events: READABLE }] : [],
    move: () => {
      if (!open) return;
      if (end > KEPT) {
        space.copyWithin(0, end - KEPT, end);
        end = KEPT;
      }
      const count = readSome(output.fd, space.subarray(end));
      if (count === null) return;
      end += count;
      open = count > 0;
    },
    taken: () => space.slice(Math.max(0, end - KEPT), end),
  };
}

/** How many bytes came, 0 at the end; null when there are none now. */
function readSome(from: Fd, space: Uint8Array<ArrayBuffer>): number | null {
  try {
    return readInto(from, space);
  } catch (cause) {
    if (cause instanceof SyscallError && cause.errno === ERRNO.EAGAIN) return null;
    throw cause;
  }
}
