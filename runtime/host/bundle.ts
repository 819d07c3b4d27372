import { HostError, SpecError, UsageError } from "runtime/base/errors.ts";
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
  const folder = realFolder(resolveUserPath(bundle));
  const file = configFile.startsWith("/") ? configFile : `${folder}/${configFile}`;
  try {
    return { bundle: folder, text: Deno.readTextFileSync(file), file };
  } catch (cause) {
    const hint = ioCode(cause) === "ENOENT" ? '; hint: the command "spec" writes a template' : "";
    throw new UsageError(`Cannot read ${file}: ${ioReason(cause)}${hint}`, { cause });
  }
}

function realFolder(path: string): string {
  let real: string;
  try {
    real = Deno.realPathSync(path);
  } catch (cause) {
    throw new UsageError(`Cannot use bundle ${path}: ${ioReason(cause)}`, { cause });
  }
  if (!Deno.statSync(real).isDirectory) {
    throw new UsageError(
      `Cannot use bundle ${path}: ENOTDIR (Not a directory); hint: name the folder of config.json`,
    );
  }
  return real;
}

/**
 * Checks the folder that becomes the container's `/`: there, a directory, and no symlink itself, which could be
 * pointed elsewhere between this check and the mount.
 *
 * @param file the configuration file, for the error
 * @throws {SpecError} naming `/root/path`
 */
export function checkRootfs(path: string, file = "config.json"): void {
  const problem = rootfsProblem(path.replace(/(?<=.)\/+$/, ""));
  if (problem !== null) {
    throw new SpecError(file, [{ path: "/root/path", text: `"${path}" ${problem}` }]);
  }
}

function rootfsProblem(path: string): string | null {
  try {
    const { isSymlink, isDirectory } = Deno.lstatSync(path);
    if (isSymlink) return "is a symlink; hint: give the directory it leads to";
    return isDirectory ? null : "is not a directory";
  } catch (cause) {
    return `cannot be used: ${ioReason(cause)}`;
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
  const problems = namespaces.flatMap(({ path, origin }) => {
    const reason = path === null ? null : missing(path);
    return reason === null ? [] : [{ path: origin, text: `"${path}" cannot be used: ${reason}` }];
  });
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
