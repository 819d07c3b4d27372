import { encodeEpollEvent, EPOLL, EPOLL_EVENT_SIZE, epollData } from "syscalls/abi/epoll.ts";
import {
  SFD,
  SIG_HOW,
  signalfdSiginfo,
  SIGNALS,
  signalSet,
  SIGSET_SIZE,
} from "syscalls/abi/signal.ts";
import type { Label, Operand, Slot } from "syscalls/native/program.ts";
import { TAG } from "runtime/plan/protocol.ts";
import type { ExecStep } from "runtime/plan/step.ts";
import { hostFd, type Lowering } from "./lowering.ts";

/** What ends any other process by default. The first of a pid namespace has to do so by itself (pid_namespaces(7)). */
const FATAL = [
  SIGNALS.SIGHUP,
  SIGNALS.SIGINT,
  SIGNALS.SIGQUIT,
  SIGNALS.SIGABRT,
  SIGNALS.SIGUSR1,
  SIGNALS.SIGUSR2,
  SIGNALS.SIGALRM,
  SIGNALS.SIGTERM,
];

/** By which number epoll tells of the signals; the gate has 0. */
const SIGNALED = 1;

/** From here on the only listener left is `ocirt start`, at the outcome fifo. */
export function lowerWait(
  low: Lowering,
  { endsOnSignals }: Extract<ExecStep, { kind: "waitForStart" }>,
): void {
  const { builder } = low;
  const started = builder.label();
  const read = builder.label();
  builder.call("close", [builder.value(low.root, "root")]);
  const epoll = endsOnSignals ? watchSignals(low) : null;
  builder.report({ tag: TAG.ready, value: builder.immediate(0) });
  builder.set(builder.reportFd, builder.immediate(hostFd(low, "outcome"), "outcome"));
  if (epoll !== null) endOnSignal(low, epoll, read);
  builder.place(read);
  builder.call("read", [
    builder.immediate(hostFd(low, "gate"), "gate"),
    builder.addressOf(low.reply, "reply"),
    builder.immediate(1),
  ]);
  builder.branch({ when: { kind: "equals", value: 1n }, to: started });
  builder.exit(1);
  builder.place(started);
}

interface Watch {
  readonly epoll: Slot;
  readonly signals: Slot;
}

/** Makes what waits for the gate and for signals. Where the limit of open files leaves no room for it, epoll's slot stays negative. */
function watchSignals(low: Lowering): Watch {
  const { builder } = low;
  const watch: Watch = { epoll: builder.slot(), signals: builder.slot() };
  const done = builder.label();
  changeMask(low, set(low, FATAL));
  builder.call("signalfd4", [
    builder.immediate(-1),
    set(low, FATAL),
    builder.immediate(SIGSET_SIZE),
    builder.flags(SFD, SFD.of("SFD_CLOEXEC")),
  ], { into: watch.signals, forgive: "all" });
  builder.call("epoll_create1", [builder.immediate(EPOLL.EPOLL_CLOEXEC, "EPOLL_CLOEXEC")], {
    into: watch.epoll,
    forgive: "all",
  });
  builder.branch({ when: { kind: "failed" }, to: done });
  add(low, watch, builder.value(watch.signals, "signals"), SIGNALED);
  add(low, watch, builder.immediate(hostFd(low, "gate"), "gate"), 0);
  builder.place(done);
  return watch;
}

function set({ builder }: Lowering, signals: readonly number[]): Operand {
  const bytes = new Uint8Array(new BigUint64Array([signalSet(...signals)]).buffer);
  return builder.bytes(bytes, `[${signals.join(", ")}]`);
}

function changeMask({ builder }: Lowering, to: Operand): void {
  builder.call("rt_sigprocmask", [
    builder.immediate(SIG_HOW.SIG_SETMASK, "SIG_SETMASK"),
    to,
    builder.immediate(0, "NULL"),
    builder.immediate(SIGSET_SIZE),
  ]);
}

function add({ builder, arch }: Lowering, { epoll }: Watch, fd: Operand, data: number): void {
  builder.call("epoll_ctl", [
    builder.value(epoll, "epoll"),
    builder.immediate(EPOLL.EPOLL_CTL_ADD, "EPOLL_CTL_ADD"),
    fd,
    builder.bytes(encodeEpollEvent(arch, data), `{EPOLLIN, data: ${data}}`),
  ], { forgive: "all" });
}

/** Waits until there is something to read; ends the process where that is a signal. */
function endOnSignal(low: Lowering, { epoll, signals }: Watch, read: Label): void {
  const { builder } = low;
  const event = builder.slot(EPOLL_EVENT_SIZE);
  const signaled = builder.label();
  const { offset, mask, shift } = epollData(low.arch);
  builder.call("epoll_pwait", [
    builder.value(epoll, "epoll"),
    builder.addressOf(event, "event"),
    builder.immediate(1),
    builder.immediate(-1),
    builder.immediate(0, "NULL"),
    builder.immediate(SIGSET_SIZE),
  ], { forgive: "all" });
  builder.branch({
    of: { slot: event, offset },
    when: { kind: "maskedEquals", mask, value: BigInt(SIGNALED) << shift },
    to: signaled,
  });
  changeMask(low, set(low, []));
  builder.jump(read);
  builder.place(signaled);
  const info = builder.slot(signalfdSiginfo.size);
  builder.call("read", [
    builder.value(signals, "signals"),
    builder.addressOf(info, "siginfo"),
    builder.immediate(signalfdSiginfo.size),
  ]);
  for (const signal of FATAL) {
    const other = builder.label();
    const mine = builder.label();
    const value = BigInt(signal);
    const when = { kind: "maskedEquals", mask: 0xffff_ffffn, value } as const;
    builder.branch({ of: info, when, to: mine });
    builder.jump(other);
    builder.place(mine);
    builder.exit(128 + signal);
    builder.place(other);
  }
  builder.exit(1);
}
