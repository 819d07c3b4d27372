import { type Pid, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { removeEmpty, writeFile } from "syscalls/libc/paths.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import { HostError } from "runtime/base/errors.ts";

/** What reading a cgroup answers that is removed meanwhile: no such file, or no such device once the file was open. */
const GONE: readonly (string | null)[] = ["ENOENT", "ENODEV"];

/** The text of a cgroup's file; null when the cgroup (or the file) is not there. */
export function readCgroupFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (GONE.includes(ioCode(cause))) return null;
    throw cannot("read", path, cause);
  }
}

/** Writes to a file that the kernel has put into a cgroup. */
export function writeCgroupFile(path: string, value: string): void {
  const result = writeFile(path, value, { create: null });
  if (result < 0) throw failed(`write "${value}" to`, path, -result);
}

/** The same where the cgroup may be gone by now: systemd takes away its own as soon as their last process has ended. */
export function writeIfThere(path: string, value: string): void {
  const result = writeFile(path, value, { create: null });
  if (result >= 0 || result === -ERRNO.ENOENT || result === -ERRNO.ENODEV) return;
  throw failed(`write "${value}" to`, path, -result);
}

/** Adds the processes of a cgroup and of all below it to `found`. */
export function collectPids(dir: string, found: Set<Pid>): void {
  for (const line of readProcs(dir).split("\n")) if (line !== "") found.add(pid(Number(line)));
  for (const child of cgroupsIn(dir)) collectPids(child, found);
}

function readProcs(dir: string): string {
  try {
    return Deno.readTextFileSync(`${dir}/cgroup.procs`);
  } catch (cause) {
    const code = ioCode(cause);
    // A threaded version 2 cgroup does not list processes: the one that its threads belong to does.
    if (GONE.includes(code) || code === "EOPNOTSUPP") return "";
    throw cannot("read", `${dir}/cgroup.procs`, cause);
  }
}

/** The cgroups right below one. */
export function cgroupsIn(dir: string): string[] {
  try {
    // The kernel counts a cgroup's children in its links, which spares reading a folder of many files.
    if (Deno.lstatSync(dir).nlink === 2) return [];
    return Array.from(Deno.readDirSync(dir)).filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${dir}/${name}`);
  } catch (cause) {
    if (GONE.includes(ioCode(cause))) return [];
    throw cannot("list", dir, cause);
  }
}

/** Removes one cgroup: false when something is in it. None is fine. */
export function removeCgroup(dir: string): boolean {
  const result = removeEmpty(dir);
  if (result === 0 || result === -ERRNO.ENOENT || result === -ERRNO.ENODEV) return true;
  if (result === -ERRNO.EBUSY || result === -ERRNO.ENOTEMPTY) return false;
  throw failed("remove", dir, -result);
}

/** Removes a cgroup and those below it, children first: false when a process is in one of them. */
export function removeCgroupTree(dir: string): boolean {
  if (removeCgroup(dir)) return true;
  for (const child of cgroupsIn(dir)) if (!removeCgroupTree(child)) return false;
  return removeCgroup(dir);
}

function cannot(verb: string, path: string, cause: unknown): HostError {
  return new HostError(`Cannot ${verb} ${path}: ${ioReason(cause)}`, { cause });
}

function failed(verb: string, path: string, errno: number): HostError {
  const cause = new SyscallError({ verb, object: path, errno });
  return new HostError(cause.message, { cause });
}
