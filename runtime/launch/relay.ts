import type { Fd } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { readInto, setNonblocking, writeSome } from "syscalls/libc/files.ts";
import { poll, type PollEntry } from "syscalls/libc/poll.ts";
import { hasUnreadInput } from "syscalls/libc/terminal.ts";

/** How much is taken at once: what a pipe that is ready takes without making its writer wait (pipe(7), PIPE_BUF). */
const PIECE = 4096;

/** Bytes that were read and are not yet written. */
interface Flow {
  readonly space: Uint8Array<ArrayBuffer>;
  from: number;
  to: number;
  /** Nothing more will come. */
  ended: boolean;
}

/** Both ways between a terminal's master and the standard input and output of a foreground command. */
export interface Relay {
  /** What to wait for now. */
  entries(): PollEntry[];
  /** How many milliseconds to wait for it at most; -1: for ever. */
  patience(): number;
  /** Moves what is ready. */
  move(): void;
  /** Moves what the terminal still holds after the end of its process. */
  drain(): void;
}

const READABLE = Number(POLL.of("POLLIN"));
const WRITABLE = Number(POLL.of("POLLOUT"));

const STDIN = 0 as Fd;
const STDOUT = 1 as Fd;

/** How long a program that still reads after the end of its input waits for being told again. */
const END_AGAIN_MS = 100;

/** @param endOfInput what is typed for the end of an input that is no terminal */
export function makeRelay(master: Fd, endOfInput: number): Relay {
  setNonblocking(master);
  const typed = newFlow();
  const shown = newFlow();
  let endTyped = -Infinity;
  // Unlike a pipe's end, one that is typed is read once, and only ends a line where one has begun: it is typed again for
  // whoever reads again.
  const typeEnd = (): void => {
    const now = performance.now();
    if (now - endTyped < END_AGAIN_MS || hasUnreadInput(master)) return;
    endTyped = now;
    typed.space[0] = endOfInput;
    typed.from = 0;
    typed.to = 1;
  };
  return {
    entries: () =>
      [
        { fd: STDIN, events: wantsInput(typed) },
        { fd: master, events: wantsInput(shown) | (isEmpty(typed) ? 0 : WRITABLE) },
        { fd: STDOUT, events: isEmpty(shown) ? 0 : WRITABLE },
      ].filter(({ events }) => events !== 0),
    patience: () => typed.ended && isEmpty(typed) ? END_AGAIN_MS : -1,
    move: () => {
      // Which of them are ready is cheap to find out again, and a terminal that is gone answers at once.
      if (isReady(STDIN, wantsInput(typed))) take(typed, STDIN);
      if (typed.ended && isEmpty(typed)) typeEnd();
      put(typed, master);
      if (isReady(master, wantsInput(shown))) take(shown, master);
      if (isReady(STDOUT, isEmpty(shown) ? 0 : WRITABLE)) put(shown, STDOUT);
    },
    drain: () => {
      do {
        while (!put(shown, STDOUT)) poll([{ fd: STDOUT, events: WRITABLE }], -1);
        if (isReady(master, wantsInput(shown))) take(shown, master);
      } while (!isEmpty(shown));
    },
  };
}

function newFlow(): Flow {
  return { space: new Uint8Array(PIECE), from: 0, to: 0, ended: false };
}

function isEmpty({ from, to }: Flow): boolean {
  return from === to;
}

function wantsInput(flow: Flow): number {
  return flow.ended || !isEmpty(flow) ? 0 : READABLE;
}

function isReady(fd: Fd, events: number): boolean {
  return events !== 0 && poll([{ fd, events }], 0)[0] !== 0;
}

/** Reads a piece. EIO is how a terminal says that nobody is at its other end any more. */
function take(flow: Flow, from: Fd): void {
  try {
    const count = readInto(from, flow.space);
    flow.from = 0;
    flow.to = count;
    flow.ended = count === 0;
  } catch (cause) {
    if (!(cause instanceof SyscallError) || cause.errno === ERRNO.EAGAIN) return;
    flow.ended = true;
  }
}

/** Writes what is there; false when some is left for which there is no room now. */
function put(flow: Flow, to: Fd): boolean {
  if (isEmpty(flow)) return true;
  const count = writeSome(to, flow.space.subarray(flow.from, flow.to));
  if (count === -ERRNO.EAGAIN) return false;
  // A reader that is gone gets nothing more, and the container goes on.
  flow.from = count < 0 ? flow.to : flow.from + count;
  return isEmpty(flow);
}
