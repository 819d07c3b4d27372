import {
  AT_FDCWD,
  type Fd,
  fd,
  type Gid,
  gid,
  type Mode,
  mode,
  type Uid,
  uid,
} from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { F, F_SEAL, FD, LOCK } from "syscalls/abi/fcntl.ts";
import type { Flags } from "syscalls/abi/flags.ts";
import { MFD } from "syscalls/abi/memfd.ts";
import { AT, AT_UNLINK, openFlags, openHow, RESOLVE, S_IF } from "syscalls/abi/open.ts";
import { STATX, statx } from "syscalls/abi/stat.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena, briefCString } from "./arena.ts";
import { type Attempt, call, retryCall } from "./call.ts";
import { hostArch } from "./library.ts";
import { OwnedFd } from "./owned_fd.ts";

/** Flags of open(2), of this machine. Close-on-exec is added to every open. */
export type OpenFlags = Flags<"O">;

/** Opens a path, close-on-exec. `permissions` matter where the flags make a file. */
export function openFile(path: string, flags: OpenFlags, permissions: Mode = mode(0)): OwnedFd {
  const attempt = { verb: "open", object: `"${path}"` };
  const all = flags | openFlags(hostArch()).values.O_CLOEXEC;
  const result = call(attempt, "openat", AT_FDCWD, briefCString(path), all, permissions);
  return new OwnedFd(fd(result));
}

/**
 * Opens a path as if `root` were `/`: symlinks and `..` stay inside, links of /proc that lead out are refused.
 * @throws {SyscallError} ENOSYS before Linux 5.6
 */
export function openInRoot(root: Fd, path: string, flags: OpenFlags): OwnedFd {
  return openResolved(root, path, flags, RESOLVE.of("RESOLVE_IN_ROOT", "RESOLVE_NO_MAGICLINKS"));
}

/**
 * Opens a path below `dir`; a symlink or `..` that leaves it is an error.
 * @throws {SyscallError} EXDEV when the path leaves `dir`; ENOSYS before Linux 5.6
 */
export function openBeneath(dir: Fd, path: string, flags: OpenFlags): OwnedFd {
  return openResolved(dir, path, flags, RESOLVE.of("RESOLVE_BENEATH", "RESOLVE_NO_MAGICLINKS"));
}

function openResolved(dir: Fd, path: string, flags: OpenFlags, resolve: bigint): OwnedFd {
  using arena = new Arena();
  const how = openHow.encode({ flags: closeOnExec(flags), resolve });
  const address = arena.cString(path);
  return owned(call(opening(path), "openat2", dir, address, arena.bytes(how), how.length));
}

function opening(path: string): Attempt {
  return { verb: "open", object: `"${path}"` };
}

function closeOnExec(flags: OpenFlags): bigint {
  return flags | openFlags(hostArch()).of("O_CLOEXEC");
}

function owned(result: number): OwnedFd {
  return new OwnedFd(fd(result));
}

/** Whether a path still leads to the file that was opened; symlinks are not followed. */
export function isAt(path: string, file: Fd): boolean {
  using arena = new Arena();
  const [opened, found] = [arena.reserve(statx.size), arena.reserve(statx.size)];
  const attempt = { verb: "look at", object: `"${path}"` };
  const [empty, here] = [AT.values.AT_EMPTY_PATH, AT.values.AT_SYMLINK_NOFOLLOW];
  const wanted = STATX.values.STATX_INO;
  call(attempt, "statx", file, arena.cString(""), empty, wanted, arena.bytes(opened));
  const address = arena.cString(path);
  const result = retryCall("statx", AT_FDCWD, address, here, wanted, arena.bytes(found));
  if (result === -ERRNO.ENOENT) return false;
  if (result < 0) throw new SyscallError({ ...attempt, errno: -result });
  return sameField(opened, found, "stx_ino", 8) && sameField(opened, found, "stx_dev_major", 8);
}

/** Compares `size` bytes from a field on. */
function sameField(
  a: Uint8Array,
  b: Uint8Array,
  field: keyof typeof statx.offsets,
  size: number,
): boolean {
  const start = statx.offsets[field];
  for (let i = start; i < start + size; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Reads once into `space`: how many bytes came, 0 at the end. */
export function readInto(file: Fd, space: Uint8Array<ArrayBuffer>): number {
  using arena = new Arena();
  const attempt = { verb: "read", object: `descriptor ${file}` };
  return call(attempt, "read", file, arena.bytes(space), space.length);
}

/**
 * Reads from here to the end.
 * @throws {SyscallError} EFBIG when there are more than `limit` bytes
 */
export function readAll(file: Fd, limit: number): Uint8Array<ArrayBuffer> {
  let space = new Uint8Array(Math.min(limit, 4096) + 1);
  let end = 0;
  for (;;) {
    const count = readInto(file, space.subarray(end));
    if (count === 0) return space.slice(0, end);
    end += count;
    if (end > limit) {
      throw new SyscallError({
        verb: "read",
        object: `descriptor ${file}`,
        errno: ERRNO.EFBIG,
        hint: `at most ${limit} bytes are read`,
      });
    }
    if (end === space.length) space = grown(space, limit + 1);
  }
}

function grown(space: Uint8Array<ArrayBuffer>, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(2 * space.length, most));
  larger.set(space);
  return larger;
}

/** Writes every byte. */
export function writeAll(file: Fd, bytes: Uint8Array<ArrayBuffer>): void {
  const attempt = { verb: "write", object: `descriptor ${file}` };
  for (let done = 0; done < bytes.length;) {
    using arena = new Arena();
    const rest = bytes.subarray(done);
    done += call(attempt, "write", file, arena.bytes(rest), rest.length);
  }
}

/** Writes as much as the file takes now: how many bytes, or a negative errno (EAGAIN: none now). */
export function writeSome(file: Fd, bytes: Uint8Array<ArrayBuffer>): number {
  using arena = new Arena();
  return retryCall("write", file, arena.bytes(bytes), bytes.length);
}

/** No read or write of this open file waits any more. */
export function setNonblocking(file: Fd): void {
  const attempt = { verb: "set up", object: `descriptor ${file}` };
  const status = BigInt(call(attempt, "fcntl", file, F.F_GETFL));
  call(attempt, "fcntl", file, F.F_SETFL, status | openFlags(hostArch()).values.O_NONBLOCK);
}

/** A device, or the device that a file is on. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** What a file is. */
export interface FileStat {
  readonly dev: DeviceNumber;
  readonly ino: bigint;
  /** Type (S_IFMT) and permission bits. */
  readonly mode: number;
  /** The device that the file stands for, where it is a device file. */
  readonly rdev: DeviceNumber;
  readonly uid: Uid;
  readonly gid: Gid;
}

/** What is behind a descriptor. */
export function fileStat(file: Fd): FileStat {
  using arena = new Arena();
  const space = arena.reserve(statx.size);
  const attempt = { verb: "look at", object: `descriptor ${file}` };
  const [path, flags] = [arena.cString(""), AT.of("AT_EMPTY_PATH")];
  const wanted = STATX.of("STATX_TYPE", "STATX_MODE", "STATX_UID", "STATX_GID", "STATX_INO");
  call(attempt, "statx", file, path, flags, wanted, arena.bytes(space));
  const s = statx.decode(space);
  return {
    dev: { major: s.stx_dev_major, minor: s.stx_dev_minor },
    ino: s.stx_ino,
    mode: s.stx_mode,
    rdev: { major: s.stx_rdev_major, minor: s.stx_rdev_minor },
    uid: uid(s.stx_uid),
    gid: gid(s.stx_gid),
  };
}

/** Locks the file behind a descriptor until that descriptor is closed. False when it is locked and `wait` is false. */
export function flock(file: Fd, kind: "exclusive" | "shared", wait: boolean): boolean {
  const { LOCK_EX, LOCK_SH, LOCK_NB } = LOCK.values;
  const operation = (kind === "exclusive" ? LOCK_EX : LOCK_SH) | (wait ? 0n : LOCK_NB);
  const result = retryCall("flock", file, operation);
  if (result === -ERRNO.EAGAIN && !wait) return false;
  if (result < 0) {
    throw new SyscallError({ verb: "lock", object: `descriptor ${file}`, errno: -result });
  }
  return true;
}

/** Makes a named pipe with exactly these permissions, whatever the umask. */
export function makeFifo(path: string, permissions: Mode): void {
  using arena = new Arena();
  const address = arena.cString(path);
  const making = { verb: "create fifo", object: `"${path}"` };
  call(making, "mknodat", AT_FDCWD, address, S_IF.S_IFIFO | permissions, 0);
  const setting = { verb: "set permissions of", object: `"${path}"` };
  call(setting, "fchmodat", AT_FDCWD, address, permissions);
}

/** The two ends of a new pipe, both close-on-exec. */
export function pipe(): { readonly reader: OwnedFd; readonly writer: OwnedFd } {
  using arena = new Arena();
  const space = arena.reserve(8);
  const flags = openFlags(hostArch()).of("O_CLOEXEC");
  call({ verb: "create", object: "pipe" }, "pipe2", arena.bytes(space), flags);
  const ends = new Int32Array(space.buffer, space.byteOffset, 2);
  return { reader: owned(ends[0] ?? -1), writer: owned(ends[1] ?? -1) };
}

/**
 * A file in memory that holds `image` and can never be changed again, close-on-exec and executable: through nothing, not even
 * /proc/PID/exe, can what runs from it write to it (the class of CVE-2019-5736).
 *
 * @throws {SyscallError} EACCES where the sysctl vm.memfd_noexec forbids executable ones
 */
export function memfd(name: string, image: Uint8Array<ArrayBuffer>): OwnedFd {
  using file = createMemfd(name);
  writeAll(file.fd, image);
  seal(file.fd, name);
  return owned(file.release());
}

function createMemfd(name: string): OwnedFd {
  const hint = "vm.memfd_noexec must be below 2";
  return newMemfd(name, MFD.of("MFD_CLOEXEC", "MFD_ALLOW_SEALING"), { newer: "MFD_EXEC", hint });
}

/** An empty file in memory, close-on-exec: for what others write, however much it is. */
export function memoryFile(name: string): OwnedFd {
  return newMemfd(name, MFD.of("MFD_CLOEXEC"), { newer: "MFD_NOEXEC_SEAL" });
}

/** @param newer a flag that Linux before 6.3 does not know; there every memory file is executable */
function newMemfd(
  name: string,
  flags: Flags<"MFD">,
  { newer, hint }: { newer: "MFD_EXEC" | "MFD_NOEXEC_SEAL"; hint?: string },
): OwnedFd {
  using arena = new Arena();
  const address = arena.cString(name);
  const result = retryCall("memfd_create", address, flags | MFD.of(newer));
  if (result >= 0) return owned(result);
  const attempt = { verb: "create memory file", object: `"${name}"` };
  if (result === -ERRNO.EINVAL) return owned(call(attempt, "memfd_create", address, flags));
  throw new SyscallError({
    ...attempt,
    errno: -result,
    ...result === -ERRNO.EACCES && hint !== undefined ? { hint } : {},
  });
}

function seal(file: Fd, name: string): void {
  const seals = F_SEAL.of("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_WRITE");
  // The fifth keeps the file's mode; Linux before 6.3 does not know it, and the content is what must not change.
  const all = seals | F_SEAL.of("F_SEAL_EXEC");
  if (retryCall("fcntl", file, F.F_ADD_SEALS, all) === 0) return;
  call({ verb: "seal", object: `memory file "${name}"` }, "fcntl", file, F.F_ADD_SEALS, seals);
}

/** Lets the children of this process inherit a descriptor. */
export function setInheritable(file: Fd): void {
  const attempt = { verb: "make inheritable", object: `descriptor ${file}` };
  call(attempt, "fcntl", file, F.F_SETFD, 0);
}

/** Whether a number is an open descriptor that a child would inherit. */
export function isInheritable(file: Fd): boolean {
  const flags = retryCall("fcntl", file, F.F_GETFD);
  if (flags === -ERRNO.EBADF) return false;
  if (flags < 0) {
    throw new SyscallError({ verb: "look at", object: `descriptor ${file}`, errno: -flags });
  }
  return (BigInt(flags) & FD.values.FD_CLOEXEC) === 0n;
}

/** Whether an open descriptor can be written to; null for a number that is none. */
export function isWritable(file: Fd): boolean | null {
  const flags = retryCall("fcntl", file, F.F_GETFL);
  if (flags < 0) return null;
  const { O_WRONLY, O_RDWR } = openFlags(hostArch()).values;
  return (BigInt(flags) & (O_WRONLY | O_RDWR)) !== 0n;
}

/** Removes an empty directory. */
export function removeDirectory(path: string): void {
  using arena = new Arena();
  const attempt = { verb: "remove directory", object: `"${path}"` };
  call(attempt, "unlinkat", AT_FDCWD, arena.cString(path), AT_UNLINK.of("AT_REMOVEDIR"));
}
