import { findPath } from "syscalls/libc/paths.ts";
import { programFolders } from "runtime/base/paths.ts";
import { processInfo } from "./process_info.ts";

/** The path of a program in the caller's PATH, folders relative to somewhere left out; null when there is none. */
export function findProgram(name: string): string | null {
  for (const folder of programFolders(processInfo().env("PATH"))) {
    const path = `${folder}/${name}`;
    if (folder.startsWith("/") && findPath(path) === 0) return path;
  }
  return null;
}
