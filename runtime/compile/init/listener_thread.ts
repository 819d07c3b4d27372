import { CLONE } from "syscalls/abi/clone.ts";
import { encodeEpollEvent, EPOLL, EPOLL_EVENT_SIZE } from "syscalls/abi/epoll.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { EFD } from "syscalls/abi/eventfd.ts";
import type { Slot } from "syscalls/native/program.ts";
import { LISTENER } from "runtime/plan/protocol.ts";
import { putQuestion, readAnswer } from "./ask_host.ts";
import type { Lowering } from "./lowering.ts";

/** A thread that waits for the number of the listener's descriptor. */
export interface ListenerThread {
  /** An eventfd(2): its value is the number. */
  readonly notice: Slot;
}

/** A thread ends with its process, whatever becomes of that, and nobody has to wait for it. */
const THREAD = CLONE.of("CLONE_VM", "CLONE_FILES", "CLONE_SIGHAND", "CLONE_THREAD");

/**
 * How long the thread waits, in milliseconds. What it waits for comes at once, or never: a filter can end the other thread alone
 * (SECCOMP_RET_KILL_THREAD), and then this one must not keep the process.
 */
const PATIENCE = 10_000;

/**
 * Starts a thread that the filter will not be for, so that it can send the listener: the filter may refuse sendmsg(2), and leave
 * it to the very agent that waits for the listener. Nobody inside gets a chance to trace that the process itself does not give.
 */
export function startListenerThread(low: Lowering): ListenerThread {
  const { builder } = low;
  const notice = builder.slot();
  const thread = builder.label();
  const own = builder.label();
  builder.call("eventfd2", [builder.immediate(0), builder.flags(EFD, EFD.of("EFD_CLOEXEC"))], {
    into: notice,
  });
  builder.fork({
    flags: THREAD,
    flagsText: CLONE.text(THREAD),
    child: thread,
    into: builder.slot(),
  });
  builder.jump(own);
  builder.place(thread);
  sendWhenTold(low, notice);
  builder.place(own);
  return { notice };
}

/** Behind the filter: tells the thread the number of the listener's descriptor, and waits until the host half has that. */
export function giveListener(
  low: Lowering,
  { notice }: ListenerThread,
  listener: Slot,
): void {
  const { builder } = low;
  const notified = builder.value(notice, "notice");
  builder.call("write", [notified, builder.addressOf(listener, "listener"), builder.immediate(8)]);
  readAnswer(low);
  // Not before: the thread may still have to look at it.
  builder.call("close", [notified], { forgive: "all" });
}

function sendWhenTold(low: Lowering, notice: Slot): void {
  const { builder } = low;
  const number = builder.slot();
  const notified = builder.value(notice, "notice");
  awaitNotice(low, notice);
  builder.call("read", [notified, builder.addressOf(number, "number"), builder.immediate(8)]);
  builder.call("unshare", [builder.flags(CLONE, CLONE.of("CLONE_FILES"))]);
  // Refused where it has that number already.
  builder.call("dup3", [
    builder.value(number, "listener"),
    builder.immediate(LISTENER),
    builder.immediate(0),
  ], { forgive: [ERRNO.EINVAL] });
  putQuestion(low, "listener");
  endThread(low);
}

/** Ends the thread when nothing is told. */
function awaitNotice(low: Lowering, notice: Slot): void {
  const { builder } = low;
  const epoll = builder.slot();
  const told = builder.label();
  const watched = builder.value(epoll, "epoll");
  builder.call("epoll_create1", [builder.immediate(EPOLL.EPOLL_CLOEXEC, "EPOLL_CLOEXEC")], {
    into: epoll,
  });
  builder.call("epoll_ctl", [
    watched,
    builder.immediate(EPOLL.EPOLL_CTL_ADD, "EPOLL_CTL_ADD"),
    builder.value(notice, "notice"),
    builder.bytes(encodeEpollEvent(low.arch, 0), "{EPOLLIN}"),
  ]);
  const outcome = builder.slot();
  builder.call("epoll_pwait", [
    watched,
    builder.addressOf(builder.slot(EPOLL_EVENT_SIZE), "event"),
    builder.immediate(1),
    builder.immediate(PATIENCE),
    builder.immediate(0, "NULL"),
    builder.immediate(8),
  ], { into: outcome });
  builder.call("close", [watched]);
  builder.branch({ of: outcome, when: { kind: "equals", value: 1n }, to: told });
  endThread(low);
  builder.place(told);
}

/** The thread alone: `exit` of a program ends the process. */
function endThread({ builder }: Lowering): void {
  builder.call("exit", [builder.immediate(0)]);
}
