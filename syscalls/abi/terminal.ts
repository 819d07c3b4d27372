import { flagFamily } from "./flags.ts";
import { bytes, struct, u16, u32, u8 } from "./struct.ts";

/** Requests to terminals, for ioctl(2) (asm-generic/ioctls.h). */
export const TIOC = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TCFLSH: 0x540b,
  TIOCSCTTY: 0x540e,
  TIOCGPGRP: 0x540f,
  TIOCSPGRP: 0x5410,
  TIOCGWINSZ: 0x5413,
  TIOCSWINSZ: 0x5414,
  FIONREAD: 0x541b,
  TIOCNOTTY: 0x5422,
  TIOCGSID: 0x5429,
  TIOCGPTPEER: 0x5441,
  TIOCSPTLCK: 0x40045431,
  TIOCGPTN: 0x80045430,
} as const;

/** A terminal's size in characters; the kernel keeps the pixels but does not use them (asm-generic/termios.h). */
export const winsize = struct("winsize", {
  ws_row: u16,
  ws_col: u16,
  ws_xpixel: u16,
  ws_ypixel: u16,
});

/** Settings of a terminal, as TCGETS and TCSETS have them (asm-generic/termbits.h); glibc's struct is another one. */
export const termios = struct("termios", {
  c_iflag: u32,
  c_oflag: u32,
  c_cflag: u32,
  c_lflag: u32,
  c_line: u8,
  c_cc: bytes(19),
});

/** `c_iflag` (asm-generic/termbits-common.h). */
export const IFLAG = flagFamily("IFLAG", {
  IGNBRK: 0x1n,
  BRKINT: 0x2n,
  IGNPAR: 0x4n,
  PARMRK: 0x8n,
  INPCK: 0x10n,
  ISTRIP: 0x20n,
  INLCR: 0x40n,
  IGNCR: 0x80n,
  ICRNL: 0x100n,
  IUCLC: 0x200n,
  IXON: 0x400n,
  IXANY: 0x800n,
  IXOFF: 0x1000n,
  IMAXBEL: 0x2000n,
  IUTF8: 0x4000n,
});

/** `c_oflag` (asm-generic/termbits-common.h). */
export const OFLAG = flagFamily("OFLAG", {
  OPOST: 0x1n,
  OLCUC: 0x2n,
  ONLCR: 0x4n,
  OCRNL: 0x8n,
  ONOCR: 0x10n,
  ONLRET: 0x20n,
  OFILL: 0x40n,
  OFDEL: 0x80n,
});

/** `c_cflag`; character sizes are numbers in the bits of CSIZE, so the larger come first (asm-generic/termbits-common.h). */
export const CFLAG = flagFamily("CFLAG", {
  CSIZE: 0x30n,
  CSTOPB: 0x40n,
  CREAD: 0x80n,
  PARENB: 0x100n,
  PARODD: 0x200n,
  HUPCL: 0x400n,
  CLOCAL: 0x800n,
});

/** Eight bits a character, the value of CSIZE's bits (asm-generic/termbits-common.h). */
export const CS8 = 0x30n;

/** `c_lflag` (asm-generic/termbits.h). */
export const LFLAG = flagFamily("LFLAG", {
  ISIG: 0x1n,
  ICANON: 0x2n,
  XCASE: 0x4n,
  ECHO: 0x8n,
  ECHOE: 0x10n,
  ECHOK: 0x20n,
  ECHONL: 0x40n,
  NOFLSH: 0x80n,
  TOSTOP: 0x100n,
  ECHOCTL: 0x200n,
  ECHOPRT: 0x400n,
  ECHOKE: 0x800n,
  FLUSHO: 0x1000n,
  PENDIN: 0x4000n,
  IEXTEN: 0x8000n,
  EXTPROC: 0x10000n,
});

/** Indices of `c_cc` (asm-generic/termbits.h). */
export const CC = {
  VINTR: 0,
  VQUIT: 1,
  VERASE: 2,
  VKILL: 3,
  VEOF: 4,
  VTIME: 5,
  VMIN: 6,
  VSWTC: 7,
  VSTART: 8,
  VSTOP: 9,
  VSUSP: 10,
  VEOL: 11,
  VREPRINT: 12,
  VDISCARD: 13,
  VWERASE: 14,
  VLNEXT: 15,
  VEOL2: 16,
} as const;
