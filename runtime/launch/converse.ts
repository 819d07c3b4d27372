import { type Fd, type Pid, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { receive, send } from "syscalls/libc/sockets.ts";
import { decodeReport, REPORT_SIZE, TAG_FAILED } from "syscalls/native/report.ts";
import { decodeFromChild, type FromChild, REPLY_SIZE } from "runtime/plan/protocol.ts";

/** What the host half does when the init program asks for it. The pid is the asking process's, as the host sees it. */
export interface Duties {
  readonly idMaps: (process: Pid) => void;
  readonly place: (init: Pid) => void;
  readonly limits: (init: Pid) => void;
  readonly copyUp: (init: Pid) => void;
  /** Makes what the mount point of a step leads to. */
  readonly placeDirectory: (init: Pid, step: number) => void;
  readonly placeFile: (init: Pid, step: number) => void;
  readonly inheritMode: (init: Pid) => void;
  /** Maps the ids of the mount of a step. */
  readonly idmap: (init: Pid, step: number) => void;
  readonly terminal: (init: Pid) => void;
  readonly hooks: (init: Pid) => void;
  /** Takes the listener of the process's filter, which has this number there. */
  readonly listener: (process: Pid, descriptor: number) => void;
  /** A step of the program failed in a way that is forgiven; told, not answered. */
  readonly warn: (step: number, errno: number) => void;
  /** Called once, while the init builds its root: what has to be done anyway costs no time then. */
  readonly meanwhile: () => void;
}

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
    duties[duty](asking, step);
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
        duties.listener(init, said.descriptor);
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
