import { AT_FDCWD, fd } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { briefCString } from "syscalls/libc/arena.ts";
import { retryCall } from "syscalls/libc/call.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { HostError, type Problem, SpecError, UsageError } from "runtime/base/errors.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import { processInfo } from "./process_info.ts";

/**
 * A path as the caller meant it, absolute: the executable works in `/`, so that it keeps no file system busy, and the caller's working
 * directory is only remembered. Not cleaned: `a/../b` may lead through a symlink.
 *
 * @throws {HostError} for a relative path when the caller's working directory is deleted
 */
export function resolveUserPath(path: string): string {
  if (path.startsWith("/")) return path;
  const cwd = callerFolder(path);
  if (path === "" || path === ".") return cwd;
  return cwd === "/" ? `/${path}` : `${cwd}/${path}`;
}

function callerFolder(path: string): string {
  const { path: folder } = processInfo().cwd;
  if (folder !== null) return folder;
  throw new HostError(
    `Cannot resolve "${path}": the working directory is deleted or out of reach; hint: give an absolute path`,
  );
}

/** A bundle as found on disk. */
export interface Bundle {
  /** Absolute, without symlinks. */
  readonly bundle: string;
  /** What the configuration file says. */
  readonly text: string;
  /** The configuration file, absolute. */
  readonly file: string;
}

/**
 * Finds a bundle and reads its configuration.
 *
 * @param bundle the folder, as the caller gave it
 * @param configFile the file's name; relative to the folder
 * @throws {UsageError} naming the folder or file and what is wrong with it
 */
export function readBundle(bundle: string, configFile = "config.json"): Bundle {
  const path = resolveUserPath(bundle);
  const folder = realFolder(path);
  const file = configFile.startsWith("/") ? configFile : `${folder}/${configFile}`;
  refuseEndless(file);
  try {
    return { bundle: folder, text: Deno.readTextFileSync(file), file };
  } catch (cause) {
    if (ioCode(cause) === "ENOTDIR" && !Deno.statSync(folder).isDirectory) {
      throw new UsageError(
        `Cannot use bundle ${path}: ENOTDIR (Not a directory); hint: name the folder of config.json`,
      );
    }
    const hint = ioCode(cause) === "ENOENT" ? '; hint: the command "spec" writes a template' : "";
    throw new UsageError(`Cannot read ${file}: ${ioReason(cause)}${hint}`, { cause });
  }
}

/** Numbers of the memory devices that give bytes without end: zero, full, random and urandom (mem(4), random(4)). */
const MEMORY_DEVICES = 1;
const ENDLESS: readonly number[] = [5, 7, 8, 9];

/** Reading one of these would take all memory. They are below /dev, so that nothing is asked about other files. */
function refuseEndless(file: string): void {
  if (!file.includes("/dev/")) return;
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(file);
  } catch {
    // Reading it will tell.
    return;
  }
  const { isCharDevice, rdev } = info;
  if (isCharDevice !== true || rdev === null) return;
  if (rdev >> 8 === MEMORY_DEVICES && ENDLESS.includes(rdev & 0xff)) {
    throw new UsageError(`Cannot read ${file}: it is a device that has no end`);
  }
}

function realFolder(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw new UsageError(`Cannot use bundle ${path}: ${ioReason(cause)}`, { cause });
  }
}

/**
 * Checks the folder that becomes the container's `/`: there, a directory, and no symlink itself, which could be
 * pointed elsewhere between this check and the mount.
 *
 * @param file the configuration file, for the error
 * @throws {SpecError} naming `/root/path`
 */
export function checkRootfs(path: string, file = "config.json"): void {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  const problem = rootfsProblem(path.slice(0, end));
  if (problem !== null) {
    throw new SpecError(file, [{ path: "/root/path", text: `"${path}" ${problem}` }]);
  }
}

function rootfsProblem(path: string): string | null {
  if (isDirectory(path)) return null;
  try {
    return Deno.lstatSync(path).isSymlink
      ? "is a symlink; hint: give the directory it leads to"
      : "is not a directory";
  } catch (cause) {
    return `cannot be used: ${ioReason(cause)}`;
  }
}

/** A directory itself, no symlink to one. One system call, where the first lstat of the engine is 0.3 ms. */
function isDirectory(path: string): boolean {
  const flags = openFlags(hostArch()).of("O_PATH", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC");
  const result = retryCall("openat", AT_FDCWD, briefCString(path), flags, 0);
  if (result < 0) return false;
  new OwnedFd(fd(result))[Symbol.dispose]();
  return true;
}

/**
 * The text of a file that the caller named.
 * @throws {UsageError} naming the file and why it cannot be read
 */
export function readUserFile(path: string): string {
  const file = resolveUserPath(path);
  refuseEndless(file);
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: ${ioReason(cause)}`, { cause });
  }
}

/** A namespace of a configuration: joined by path, or new. */
export interface NamespaceChoice {
  readonly path: string | null;
  /** JSON pointer to where it stands in the file. */
  readonly origin: string;
}

/**
 * Checks that the namespaces to join are there. Their types are the kernel's to check, when they are joined.
 *
 * @param file the configuration file, for the error
 * @throws {SpecError} with every path that is not
 */
export function checkNamespacePaths(
  { namespaces }: { readonly namespaces: readonly NamespaceChoice[] },
  file = "config.json",
): void {
  const problems: Problem[] = [];
  for (const { path, origin } of namespaces) {
    const reason = path === null ? null : missing(path);
    if (reason !== null) {
      problems.push({ path: origin, text: `"${path}" cannot be used: ${reason}` });
    }
  }
  if (problems.length > 0) throw new SpecError(file, problems);
}

function missing(path: string): string | null {
  try {
    Deno.statSync(path);
    return null;
  } catch (cause) {
    return ioReason(cause);
  }
}
