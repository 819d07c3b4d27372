import { assert, assertEquals } from "@std/assert";
import type { Fd } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import {
  SECCOMP_IOCTL,
  SECCOMP_USER_NOTIF_FLAG,
  seccompNotif,
  seccompNotifResp,
} from "syscalls/abi/seccomp.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";
import { DescriptorListener } from "./descriptor_listener.ts";

/** A filter's listener, as it came to an agent. */
export interface Filtered extends Disposable {
  /** The ContainerProcessState that came with it. */
  // deno-lint-ignore no-explicit-any -- the document is what the tests look into
  readonly state: any;
  readonly listener: OwnedFd;
}

/** How a call is answered: it fails with an errno, gives a value, or is made as if nobody had asked. */
export type Answer = { readonly errno: number } | { readonly value: bigint } | "continue";

/** How long a call may take to come, in milliseconds. */
const PATIENCE = 20_000;

/** Who answers for filters: a Unix socket to which their listeners are sent. */
export class SeccompAgent implements Disposable {
  readonly #socket: DescriptorListener;

  constructor(path: string) {
    this.#socket = new DescriptorListener(path);
  }

  /** Whether nobody has sent anything that was not taken. */
  get quiet(): boolean {
    return this.#socket.quiet;
  }

  take(): Filtered {
    const { text, descriptors: [listener, ...more] } = this.#socket.take();
    assertEquals(more.length, 0);
    assert(listener !== undefined, "a descriptor came along");
    const state = JSON.parse(text);
    return { state, listener, [Symbol.dispose]: () => listener[Symbol.dispose]() };
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** Waits for a call and answers it; gives its number, or null when no process is left that could make one. */
export function answerNext({ listener }: Filtered, answer: Answer): number | null {
  if (!awaitCall(listener.fd)) return null;
  using arena = new Arena();
  const told = arena.reserve(seccompNotif.size);
  const attempt = { verb: "answer", object: "system call" };
  const { SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND } = SECCOMP_IOCTL;
  call(attempt, "ioctl", listener.fd, SECCOMP_IOCTL_NOTIF_RECV, arena.bytes(told));
  const notif = seccompNotif.decode(told);
  const reply = seccompNotifResp.encode({ id: notif.id, ...replyOf(answer) });
  call(attempt, "ioctl", listener.fd, SECCOMP_IOCTL_NOTIF_SEND, arena.bytes(reply));
  return notif["data.nr"];
}

/** Answers all calls alike until no process is left that could make one; gives their numbers. */
export function answerAll(filtered: Filtered, answer: Answer): number[] {
  const numbers: number[] = [];
  for (;;) {
    const number = answerNext(filtered, answer);
    if (number === null) return numbers;
    numbers.push(number);
  }
}

function awaitCall(listener: Fd): boolean {
  const [events = 0] = poll([{ fd: listener, events: Number(POLL.of("POLLIN")) }], PATIENCE);
  if (events === 0) throw new Error("no call came");
  return (events & Number(POLL.of("POLLIN"))) !== 0;
}

function replyOf(answer: Answer): { val?: bigint; error?: number; flags?: number } {
  if (answer === "continue") {
    return { flags: Number(SECCOMP_USER_NOTIF_FLAG.of("SECCOMP_USER_NOTIF_FLAG_CONTINUE")) };
  }
  return "errno" in answer ? { error: -answer.errno } : { val: answer.value };
}
