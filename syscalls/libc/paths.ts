/**
 * Calls by path whose failure is an answer and no surprise: each gives 0 (or what it is asked for), or `-errno`.
 *
 * They spare a command that runs for a few milliseconds the engine's own calls, each of which is compiled when
 * it is first used, and its exceptions.
 */
import { AT_FDCWD, type Mode } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { AT_UNLINK, openFlags, RENAME } from "syscalls/abi/open.ts";
import { decodeText } from "syscalls/abi/text.ts";
import { Arena, briefCString } from "./arena.ts";
import { rawCall, retryCall } from "./call.ts";
import { hostArch } from "./library.ts";

/** What access(2) asks for: to execute. */
const X_OK = 1;

/** PATH_MAX (linux/limits.h). */
const LONGEST_PATH = 4096;

/** Whether anything is at a path (0), as the kernel finds it: symlinks are followed. */
export function findPath(path: string): number {
  return rawCall("faccessat", AT_FDCWD, briefCString(path), 0);
}

/** Whether this process may execute the file at a path (0). */
export function executable(path: string): number {
  return rawCall("faccessat", AT_FDCWD, briefCString(path), X_OK);
}

/** Where a symlink leads; null when it cannot be read. */
export function readLink(path: string): string | null {
  using arena = new Arena();
  const space = arena.reserve(LONGEST_PATH);
  const name = arena.cString(path);
  const result = rawCall("readlinkat", AT_FDCWD, name, arena.bytes(space), space.length);
  return result < 0 ? null : decodeText(space.slice(0, result));
}

/** Makes a directory; the umask takes bits away. */
export function makeDirectory(path: string, permissions: Mode): number {
  return rawCall("mkdirat", AT_FDCWD, briefCString(path), permissions);
}

/** Sets permissions, whatever the umask. */
export function changeMode(path: string, permissions: Mode): number {
  return rawCall("fchmodat", AT_FDCWD, briefCString(path), permissions);
}

/** Removes an empty directory. */
export function removeEmpty(path: string): number {
  return rawCall("unlinkat", AT_FDCWD, briefCString(path), AT_UNLINK.values.AT_REMOVEDIR);
}

/** Removes what is no directory. */
export function removeFile(path: string): number {
  return rawCall("unlinkat", AT_FDCWD, briefCString(path), 0);
}

/**
 * Puts the file `from` in the place of `to`, at once; `from` is gone then.
 *
 * The two change names and the old one is removed: when rename(2) itself replaces a file, ext4 writes the new one to disk first
 * (auto_da_alloc), for the sake of a crash of the machine that state below /run does not survive anyway.
 */
export function replaceFile(from: string, to: string): number {
  using arena = new Arena();
  const [source, target] = [arena.cString(from), arena.cString(to)];
  const { RENAME_EXCHANGE } = RENAME.values;
  const result = rawCall("renameat2", AT_FDCWD, source, AT_FDCWD, target, RENAME_EXCHANGE);
  if (result === 0) return rawCall("unlinkat", AT_FDCWD, source, 0);
  // There is none to change names with; or the file system cannot.
  if (result !== -ERRNO.ENOENT && result !== -ERRNO.EINVAL) return result;
  return rawCall("renameat", AT_FDCWD, source, AT_FDCWD, target);
}

/** How {@link writeFile} opens its file; close-on-exec is added. */
export interface WriteOptions {
  /** Makes the file with these permissions, or empties it; null: it has to be there. */
  readonly create: Mode | null;
}

/** Writes a text to a file. */
export function writeFile(path: string, text: string, { create }: WriteOptions): number {
  const { O_WRONLY, O_CLOEXEC, O_CREAT, O_TRUNC } = openFlags(hostArch()).values;
  const flags = O_WRONLY | O_CLOEXEC | (create === null ? 0n : O_CREAT | O_TRUNC);
  const file = retryCall("openat", AT_FDCWD, briefCString(path), flags, create ?? 0);
  if (file < 0) return file;
  const bytes = new TextEncoder().encode(text);
  using arena = new Arena();
  const address = arena.bytes(bytes);
  let done = 0;
  let result = 0;
  while (done < bytes.length && result >= 0) {
    result = retryCall("write", file, address + done, bytes.length - done);
    done += result;
  }
  const closed = rawCall("close", file);
  return result < 0 ? result : closed;
}
