import { AT_FDCWD, type Fd, mode, type Pid } from "syscalls/abi/brand.ts";
import { makedev } from "syscalls/abi/kernel_stat.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { AT, openFlags, S_IF } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call, rawCall } from "syscalls/libc/call.ts";
import {
  type FileStat,
  fileStat,
  openBeneath,
  openFile,
  readInto,
  writeAll,
} from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { Sent } from "runtime/launch/converse.ts";
import { asOwner, ownerOf } from "./as_owner.ts";

const BLOCK = 65536;

/**
 * Copies a directory of the image into the tmpfs that will cover it (`tmpcopyup`), with owners and modes.
 *
 * The image may be changed meanwhile by another container that shares it: names are opened one by one from descriptors, and no
 * symlink is followed. Nobody but the runtime sees the tmpfs yet.
 *
 * An ordinary user can give files to nobody: they are the container's root user's then, and nobody's ids are set by them.
 */
export function copyUp(init: Pid, _step: number, [first, second]: Sent): void {
  if (first === undefined || second === undefined) {
    throw new RangeError("Cannot copy into a tmpfs: it was not sent");
  }
  const flags = openFlags(hostArch()).of("O_RDONLY", "O_DIRECTORY");
  using from = openFile(pathOf(first.fd), flags);
  using to = openFile(pathOf(second.fd), flags);
  asOwner(ownerOf(init), "root's", () => copyEntries(from.fd, to.fd));
}

function pathOf(fd: Fd, name = ""): string {
  return name === "" ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

function copyEntries(from: Fd, to: Fd): void {
  for (const { name } of Deno.readDirSync(pathOf(from))) copyEntry(from, to, name);
}

function copyEntry(from: Fd, to: Fd, name: string): void {
  const O = openFlags(hostArch());
  const target = pathOf(to, name);
  using looked = openBeneath(from, name, O.of("O_PATH", "O_NOFOLLOW"));
  const stat = fileStat(looked.fd);
  switch (stat.mode & S_IF.S_IFMT) {
    case S_IF.S_IFLNK:
      Deno.symlinkSync(Deno.readLinkSync(pathOf(from, name)), target);
      chown(target, stat);
      return;
    case S_IF.S_IFDIR: {
      Deno.mkdirSync(target);
      using source = openBeneath(from, name, O.of("O_RDONLY", "O_DIRECTORY", "O_NOFOLLOW"));
      using made = openBeneath(to, name, O.of("O_RDONLY", "O_DIRECTORY", "O_NOFOLLOW"));
      copyEntries(source.fd, made.fd);
      return chmod(target, stat);
    }
    case S_IF.S_IFREG: {
      using source = openBeneath(from, name, O.of("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK"));
      using made = openFile(target, O.of("O_WRONLY", "O_CREAT", "O_EXCL"), mode(0o600));
      copyBytes(source.fd, made.fd);
      return chmod(target, stat);
    }
    default:
      makeNode(target, stat);
      return chmod(target, stat);
  }
}

function copyBytes(from: Fd, to: Fd): void {
  const block = new Uint8Array(BLOCK);
  for (let count = readInto(from, block); count > 0; count = readInto(from, block)) {
    writeAll(to, block.subarray(0, count));
  }
}

/** Devices, fifos and sockets. */
function makeNode(target: string, { mode: bits, rdev }: FileStat): void {
  using arena = new Arena();
  const device = makedev(rdev.major, rdev.minor);
  const attempt = { verb: "make", object: `"${target}"` };
  call(attempt, "mknodat", AT_FDCWD, arena.cString(target), bits, device);
}

/** Owner first: changing it clears the set-id bits. */
function chmod(target: string, stat: FileStat): void {
  const isGiven = chown(target, stat);
  Deno.chmodSync(target, stat.mode & (isGiven ? 0o7777 : 0o1777));
}

/** @returns whether the file has the owner now, though that may be nobody in the container's user namespace */
function chown(target: string, { uid, gid }: FileStat): boolean {
  using arena = new Arena();
  const flags = AT.of("AT_SYMLINK_NOFOLLOW");
  const result = rawCall("fchownat", AT_FDCWD, arena.cString(target), uid, gid, flags);
  if (result === 0) return true;
  // The second where the owner is none of the user namespace that this program is in.
  if (result === -ERRNO.EPERM || result === -ERRNO.EINVAL) return false;
  throw new SyscallError({ verb: "change owner of", object: `"${target}"`, errno: -result });
}
