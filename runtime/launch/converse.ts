import { type Fd, type Pid, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { receiveDescriptors } from "syscalls/libc/descriptors.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { openPidfd, takeDescriptor } from "syscalls/libc/process.ts";
import { receive, send } from "syscalls/libc/sockets.ts";
import { decodeReport, REPORT_SIZE, TAG_FAILED } from "syscalls/native/report.ts";
import {
  decodeFromChild,
  type Duty,
  type FromChild,
  REPLY_SIZE,
  SENT_WITH,
} from "runtime/plan/protocol.ts";

/**
 * What the host half does when the init program asks for it. The pid is the asking process's, as the host sees it; `sent` is what
 * came along with the question (`SENT_WITH`), and is closed once it is answered: whoever keeps something releases it.
 */
export interface Duties {
  readonly idMaps: (process: Pid) => void;
  readonly place: (init: Pid) => void;
  readonly limits: (init: Pid) => void;
  readonly copyUp: (init: Pid, step: number, sent: Sent) => void;
  /** Makes what the mount point of a step leads to. */
  readonly placeDirectory: (init: Pid, step: number, sent: Sent) => void;
  readonly placeFile: (init: Pid, step: number, sent: Sent) => void;
  readonly inheritMode: (init: Pid, step: number, sent: Sent) => void;
  /** Maps the ids of the mount of a step. */
  readonly idmap: (init: Pid, step: number, sent: Sent) => void;
  readonly terminal: (init: Pid, step: number, sent: Sent) => void;
  readonly hooks: (init: Pid) => void;
  /** Moves the init into the cgroup that is delegated to it. */
  readonly delegate: (init: Pid) => void;
  /** Hands on the listener of the process's filter, the one that is sent. */
  readonly listener: (process: Pid, step: number, sent: Sent) => void;
  /** A step of the program failed in a way that is forgiven; told, not answered. */
  readonly warn: (step: number, errno: number) => void;
  /** Called once, while the init builds its root: what has to be done anyway costs no time then. */
  readonly meanwhile: () => void;
}

export type Sent = readonly OwnedFd[];

type Ask = Extract<FromChild, { type: "ask" }>;

/** Where the talk ends: with a container that waits for its start, or with a process that has executed its program. */
export type Until = "ready" | "executed";

/** How the talk ended. */
export type Talk =
  | { readonly end: "done"; readonly init: Pid }
  | {
    readonly end: "failed";
    readonly step: number;
    readonly errno: number;
    readonly init: Pid | null;
  }
  /** The program ended without a word: it was killed. */
  | { readonly end: "lost"; readonly init: Pid | null };

/**
 * Serves a program from its first step until it is where `until` says or has failed. execve(2) closes the program's end
 * of the socket: the end of the talk, once the program has said that it is ready, is the news that it worked.
 *
 * @param first the process that was spawned; it makes the init and ends
 */
export function converse(socket: Fd, first: Pid, duties: Duties, until: Until): Talk {
  using arena = new Arena();
  const message = arena.reserve(REPORT_SIZE);
  const reply = arena.reserve(REPLY_SIZE);
  let init: Pid | null = null;
  // The init may ask before the process that made it has reported its pid.
  let waiting: Ask | null = null;
  let ready = false;
  const answer = ({ duty, step }: Ask, asking: Pid): void => {
    using sent = receiveSent(socket, duty);
    if (sent === null) return;
    duties[duty](asking, step, sent.list);
    acknowledge(socket, reply);
    if (duty === "place") duties.meanwhile();
  };
  for (;;) {
    const length = hear(socket, message);
    if (length === 0) return ready && init !== null ? { end: "done", init } : { end: "lost", init };
    const said = decodeFromChild(decodeReport(message.subarray(0, length)), TAG_FAILED);
    switch (said.type) {
      case "failed":
        return { end: "failed", step: said.step, errno: said.errno, init };
      case "warning":
        duties.warn(said.step, said.errno);
        break;
      case "initPid":
        // Whoever got hold of the program's end must not name processes of the host's.
        if (init !== null) return { end: "lost", init };
        init = pid(said.pid);
        if (waiting !== null) answer(waiting, init);
        waiting = null;
        break;
      case "ask":
        if (said.duty === "idMaps") answer(said, first);
        else if (init === null) waiting = said;
        else answer(said, init);
        break;
      case "listener":
        if (init === null) return { end: "lost", init };
        takeListener(init, said, duties);
        acknowledge(socket, reply);
        break;
      case "ready":
        if (init === null) return { end: "lost", init };
        if (until === "ready") return { end: "done", init };
        ready = true;
        break;
    }
  }
}

/** Takes the listener out of the process, as only who may trace it can. */
function takeListener(
  process: Pid,
  { step, descriptor }: Extract<FromChild, { type: "listener" }>,
  duties: Duties,
): void {
  using pidfd = openPidfd(process);
  using listener = takeDescriptor(pidfd.fd, descriptor);
  duties.listener(process, step, [listener]);
}

/** What comes along with a question; null when whoever asked was killed between the two, and the talk ends with it. */
function receiveSent(socket: Fd, duty: Duty): Disposable & { readonly list: Sent } | null {
  using stack = new DisposableStack();
  const wanted = SENT_WITH[duty]?.length ?? 0;
  const list = wanted === 0 ? [] : receiveDescriptors(socket);
  for (const fd of list) stack.use(fd);
  if (list.length < wanted) return null;
  const kept = stack.move();
  return { list, [Symbol.dispose]: () => kept.dispose() };
}

function acknowledge(socket: Fd, reply: Uint8Array<ArrayBuffer>): void {
  bestEffort("whoever asked was killed: the talk ends with it", () => send(socket, reply));
}

/** Waits for a message; a program that was killed with an answer unread resets its socket, which is an end like any other. */
function hear(socket: Fd, message: Uint8Array<ArrayBuffer>): number {
  try {
    return receive(socket, message);
  } catch (cause) {
    if (cause instanceof SyscallError && cause.errno === ERRNO.ECONNRESET) return 0;
    throw cause;
  }
}
