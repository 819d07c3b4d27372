import { type Fd, fd } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import {
  endOfInput,
  plainNewlines,
  rawSettings,
  setTerminal,
  setTerminalSize,
  terminalSettings,
  terminalSize,
} from "syscalls/libc/terminal.ts";
import { connectUnix, sendDescriptor } from "syscalls/libc/unix_client.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { errnoText } from "syscalls/abi/errno.ts";
import { HostError, UsageError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import type { Sent } from "runtime/launch/converse.ts";
import { makeRelay } from "runtime/launch/relay.ts";
import type { Attended } from "runtime/launch/wait.ts";
import type { HostDuties } from "runtime/plan/plan.ts";
import type { Context } from "./context.ts";

/** Who gets the master of a process's terminal. */
export type TerminalKeeper = (master: OwnedFd) => void;

/** What a command line says about terminals. */
export interface TerminalOptions {
  /** The process asks for a terminal. */
  readonly terminal: boolean;
  /** The command ends before the process does. */
  readonly detach: boolean;
  /** As typed. */
  readonly consoleSocket: string | null;
}

/** @throws {UsageError} in runc's words, where nobody could hold the master, or a socket would get none */
export function checkTerminal(
  { programName }: Context,
  { terminal, detach, consoleSocket }: TerminalOptions,
): void {
  if (detach && terminal && consoleSocket === null) {
    throw new UsageError(
      `cannot allocate tty if ${programName} will detach without setting console socket`,
    );
  }
  if ((!detach || !terminal) && consoleSocket !== null) {
    throw new UsageError(
      `cannot use console socket if ${programName} will not detach or allocate tty`,
    );
  }
}

/** Sends the master to whoever listens at a Unix socket: one descriptor, with the name that it was opened by. */
export function sendTo(consoleSocket: string): TerminalKeeper {
  return (master) => {
    using sent = master;
    using socket = connectUnix(resolveUserPath(consoleSocket));
    sendDescriptor(socket.fd, sent.fd, "/dev/ptmx");
  };
}

/** Takes the master that the process which made it has sent. */
export function takeTerminal(
  [master]: Sent,
  { terminal }: HostDuties,
  keep: TerminalKeeper,
): void {
  if (master === undefined) throw new RangeError("Cannot take terminal: it was not sent");
  if (terminal !== null && terminal.size !== null) setTerminalSize(master.fd, terminal.size);
  keep(new OwnedFd(master.release()));
}

/** The terminal that a foreground command runs in, and the one of its process once that is there. */
export interface ForegroundTerminal extends Disposable {
  readonly keep: TerminalKeeper;
  /** Lets bytes pass in both directions from here on, until it is disposed of. */
  attend(): Attended;
}

/** @throws {HostError} when this process has no terminal */
export function foregroundTerminal(size: "given" | "ours"): ForegroundTerminal {
  const host = openHostTerminal();
  let master: OwnedFd | null = null;
  let raw = false;
  const copySize = (to: Fd): void => setTerminalSize(to, terminalSize(host.fd));
  return {
    keep: (taken) => {
      master = taken;
      const settings = terminalSettings(taken.fd);
      if (settings !== null) setTerminal(taken.fd, plainNewlines(settings));
      if (size === "ours") copySize(taken.fd);
    },
    attend: () => {
      if (master === null) throw new RangeError("Cannot attend terminal: the process has none");
      const { fd: kept } = master;
      setTerminal(host.fd, rawSettings(host.settings));
      raw = true;
      return {
        relay: makeRelay(kept, endOfInput(host.settings)),
        resized: () => copySize(kept),
      };
    },
    [Symbol.dispose]: () => {
      if (raw) setTerminal(host.fd, host.settings);
      master?.[Symbol.dispose]();
      host[Symbol.dispose]();
    },
  };
}

interface HostTerminal extends Disposable {
  readonly fd: Fd;
  readonly settings: NonNullable<ReturnType<typeof terminalSettings>>;
}

/** Any of the three streams may be redirected; if all are, there may still be a controlling terminal. */
function openHostTerminal(): HostTerminal {
  for (const number of [2, 1, 0]) {
    const settings = terminalSettings(fd(number));
    if (settings !== null) return { fd: fd(number), settings, [Symbol.dispose]: () => {} };
  }
  const opened = openControlling();
  const settings = terminalSettings(opened.fd);
  if (settings === null) throw new HostError("Cannot use /dev/tty: it is no terminal");
  return { fd: opened.fd, settings, [Symbol.dispose]: () => opened[Symbol.dispose]() };
}

function openControlling(): OwnedFd {
  try {
    return openFile("/dev/tty", openFlags(hostArch()).of("O_RDWR"));
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const reason = errnoText(cause.errno).toLowerCase();
    throw new HostError(
      `open /dev/tty: ${reason}; hint: a foreground process with a terminal needs one on this side too`,
    );
  }
}
