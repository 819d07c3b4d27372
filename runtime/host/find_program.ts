import { ERRNO } from "syscalls/abi/errno.ts";
import { executable } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { errnoReason } from "runtime/base/io_failure.ts";
import { programFolders } from "runtime/base/paths.ts";
import { processInfo } from "./process_info.ts";

/** The first file of a name in the caller's PATH that may be executed, folders relative to somewhere left out; null without one. */
export function findProgram(name: string): string | null {
  return folders().map((folder) => `${folder}/${name}`).find((file) => executable(file) === 0) ??
    null;
}

/**
 * The same, for a program that must be there.
 *
 * @param hint what to do without it
 * @throws {HostError} when there is none, or none may be executed
 */
export function requireProgram(name: string, hint: string): string {
  const found = findProgram(name);
  if (found !== null) return found;
  for (const folder of folders()) {
    const file = `${folder}/${name}`;
    const errno = -executable(file);
    if (errno === ERRNO.ENOENT || errno === ERRNO.ENOTDIR) continue;
    throw new HostError(`Cannot execute ${file}: ${errnoReason(errno)}; hint: ${hint}`);
  }
  const where = folders().join(":");
  throw new HostError(`Cannot execute ${name}: it is in none of ${where}; hint: ${hint}`);
}

function folders(): readonly string[] {
  return programFolders(processInfo().env("PATH")).filter((folder) => folder.startsWith("/"));
}
