import { type Fd, fd } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import {
  CC,
  CFLAG,
  CS8,
  IFLAG,
  LFLAG,
  OFLAG,
  termios,
  TIOC,
  winsize,
} from "syscalls/abi/terminal.ts";
import { Arena } from "./arena.ts";
import { call, retryCall } from "./call.ts";
import { hostArch } from "./library.ts";
import { OwnedFd } from "./owned_fd.ts";
import { poll } from "./poll.ts";

/** A terminal's settings, as they were found. */
export interface TerminalSettings {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A terminal's size in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** The settings of the terminal behind a descriptor; null when it is no terminal. */
export function terminalSettings(terminal: Fd): TerminalSettings | null {
  using arena = new Arena();
  const space = arena.reserve(termios.size);
  const result = retryCall("ioctl", terminal, TIOC.TCGETS, arena.bytes(space));
  if (result === 0) return { bytes: space.slice() };
  if (result === -ERRNO.ENOTTY || result === -ERRNO.EINVAL) return null;
  throw new SyscallError({ verb: "look at", object: `terminal ${terminal}`, errno: -result });
}

/** Sets a terminal's settings at once. */
export function setTerminal(terminal: Fd, { bytes }: TerminalSettings): void {
  using arena = new Arena();
  const attempt = { verb: "set up", object: `terminal ${terminal}` };
  call(attempt, "ioctl", terminal, TIOC.TCSETS, arena.bytes(bytes));
}

/**
 * These settings, but every byte that is typed goes through as it is, at once (cfmakeraw(3)). Output is still processed as the
 * settings say, as runc has it: what is relayed has {@link plainNewlines}, and their carriage returns are added here.
 */
export function rawSettings({ bytes }: TerminalSettings): TerminalSettings {
  const { c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc } = termios.decode(bytes);
  const without = (flags: number, mask: bigint): number => Number(BigInt(flags) & ~mask);
  const input = IFLAG.of(
    ...["IGNBRK", "BRKINT", "PARMRK", "ISTRIP", "INLCR", "IGNCR", "ICRNL", "IXON"] as const,
  );
  const characters = c_cc.slice();
  characters[CC.VMIN] = 1;
  characters[CC.VTIME] = 0;
  return {
    bytes: termios.encode({
      c_iflag: without(c_iflag, input),
      c_oflag: Number(BigInt(c_oflag) | OFLAG.of("OPOST")),
      c_cflag: without(c_cflag, CFLAG.of("CSIZE", "PARENB")) | Number(CS8),
      c_lflag: without(c_lflag, LFLAG.of("ECHO", "ECHONL", "ICANON", "ISIG", "IEXTEN")),
      c_line,
      c_cc: characters,
    }),
  };
}

/** These settings, but a newline goes out as it is, without a carriage return. */
export function plainNewlines({ bytes }: TerminalSettings): TerminalSettings {
  const settings = termios.decode(bytes);
  const c_oflag = Number(BigInt(settings.c_oflag) & ~OFLAG.of("ONLCR"));
  return { bytes: termios.encode({ ...settings, c_oflag }) };
}

/** What is typed to end the input of a program that reads lines. */
export function endOfInput({ bytes }: TerminalSettings): number {
  return termios.decode(bytes).c_cc[CC.VEOF] ?? 0;
}

/** Whether something that was typed at the master has not been read yet by whoever is at the other end. */
export function hasUnreadInput(master: Fd): boolean {
  const O = openFlags(hostArch());
  const flags = O.of("O_RDWR", "O_NOCTTY", "O_CLOEXEC");
  const attempt = { verb: "open", object: `the other end of terminal ${master}` };
  using other = new OwnedFd(fd(call(attempt, "ioctl", master, TIOC.TIOCGPTPEER, flags)));
  return poll([{ fd: other.fd, events: Number(POLL.of("POLLIN")) }], 0)[0] !== 0;
}

export function terminalSize(terminal: Fd): TerminalSize {
  using arena = new Arena();
  const space = arena.reserve(winsize.size);
  const attempt = { verb: "ask for the size of", object: `terminal ${terminal}` };
  call(attempt, "ioctl", terminal, TIOC.TIOCGWINSZ, arena.bytes(space));
  const { ws_row, ws_col } = winsize.decode(space);
  return { rows: ws_row, columns: ws_col };
}

/** Sets a terminal's size; who works in it is told by SIGWINCH. */
export function setTerminalSize(terminal: Fd, { rows, columns }: TerminalSize): void {
  using arena = new Arena();
  const attempt = { verb: "set the size of", object: `terminal ${terminal}` };
  const size = winsize.encode({ ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 });
  call(attempt, "ioctl", terminal, TIOC.TIOCSWINSZ, arena.bytes(size));
}
