import type { Fd, Pid } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { decodeText, encodeText } from "syscalls/abi/text.ts";
import { nextDatagram } from "syscalls/libc/datagrams.ts";
import { pipe } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll, type PollEntry } from "syscalls/libc/poll.ts";
import { send } from "syscalls/libc/sockets.ts";
import { sendDescriptor } from "syscalls/libc/unix_client.ts";

/** The most of one message that is looked at, as runc has it. */
const MESSAGE_SIZE = 4096;

/** How long the service manager may take to have read everything, in milliseconds. */
const BARRIER_PATIENCE = 30_000;

const READABLE = Number(POLL.of("POLLIN"));

/** What a container says of itself, on its way to the service manager of whoever runs it (sd_notify(3)). */
export interface NotifyProxy extends Disposable {
  /** What to wait for. */
  readonly entry: PollEntry;
  /** Passes on what has come; true once the manager has been told that the container is ready. */
  serve(): boolean;
  /** Waits until the manager has read it all, or for 30 s; true when it has, as far as anybody can tell. */
  settle(): boolean;
}

export interface NotifyEnds {
  /** Where the container's messages come. */
  readonly container: OwnedFd;
  /** Connected to the service manager. */
  readonly manager: OwnedFd;
  /** Who the manager should take for the service. */
  readonly mainPid: Pid;
}

/**
 * Only that the container is ready is passed on: nothing else that it says is for the manager of a service whose
 * processes are others, too.
 */
export function makeNotifyProxy({ container, manager, mainPid }: NotifyEnds): NotifyProxy {
  const space = new Uint8Array(MESSAGE_SIZE);
  let barrier: OwnedFd | null = null;
  const tell = (ready: string): void => {
    send(manager.fd, encodeText(`${ready}\n`));
    if (barrier !== null) return;
    send(manager.fd, encodeText(`MAINPID=${mainPid}\n`));
    barrier = sendBarrier(manager.fd);
  };
  return {
    entry: { fd: container.fd, events: READABLE },
    serve: () => {
      for (;;) {
        const message = nextDatagram(container.fd, space);
        if (message === null) return barrier !== null;
        const ready = readyLine(decodeText(message));
        if (ready !== null) tell(ready);
      }
    },
    settle: () => barrier === null || hangsUp(barrier.fd),
    [Symbol.dispose]: () => {
      barrier?.[Symbol.dispose]();
      manager[Symbol.dispose]();
      container[Symbol.dispose]();
    },
  };
}

/** The line of a message by which a service says that it is ready. */
export function readyLine(message: string): string | null {
  return message.split("\n").find((line) => line.startsWith("READY=")) ?? null;
}

/** Sends the end of a pipe that is closed when all messages before have been read (sd_notify_barrier(3)); gives the other. */
function sendBarrier(manager: Fd): OwnedFd {
  const { reader, writer } = pipe();
  using sent = writer;
  try {
    sendDescriptor(manager, sent.fd, "BARRIER=1");
  } catch (cause) {
    reader[Symbol.dispose]();
    throw cause;
  }
  return reader;
}

function hangsUp(reader: Fd): boolean {
  const [events] = poll([{ fd: reader, events: READABLE }], BARRIER_PATIENCE);
  return events !== 0;
}

/** Passes on what a process says until it has said that it is ready, or has ended; false when the manager seems not to have read it. */
export function proxyUntilReady(proxy: NotifyProxy, process: Fd): boolean {
  for (;;) {
    const [, ended] = poll([proxy.entry, { fd: process, events: READABLE }], -1);
    if (proxy.serve()) return proxy.settle();
    if (ended !== 0) return true;
  }
}
