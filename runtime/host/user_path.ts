import { HostError } from "runtime/base/errors.ts";
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
