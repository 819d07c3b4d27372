import { mode } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import {
  changeMode,
  makeDirectory,
  removeEmpty,
  removeFile,
  replaceFile,
  writeFile,
} from "syscalls/libc/paths.ts";
import { folderPaths, type RecordPaths, recordPaths } from "runtime/base/paths.ts";
import { StateError } from "runtime/base/errors.ts";
import { errnoReason, ioCode, ioReason } from "runtime/base/io_failure.ts";
import { type ContainerRecord, encodeRecord, parseRecord } from "./record.ts";

/** How a state root that is not there yet is made. */
export interface RootChoice {
  /** Keeps cleaners of temporary files off it; wanted below `$XDG_RUNTIME_DIR`. */
  readonly sticky: boolean;
}

/**
 * Makes the folder of container `id` (mode 0711), and the state root (0700) when it is missing. Having made the folder is what makes the id taken.
 *
 * @throws {StateError} "container with given ID already exists"
 */
export function createContainerDir(
  root: string,
  id: string,
  choice: RootChoice = { sticky: false },
): RecordPaths {
  const paths = recordPaths(root, id);
  const permissions = mode(0o711);
  let result = makeDirectory(paths.dir, permissions);
  if (result === -ERRNO.ENOENT) {
    createRoot(root, choice);
    result = makeDirectory(paths.dir, permissions);
  }
  if (result === -ERRNO.EEXIST) {
    throw new StateError("container with given ID already exists");
  }
  // The caller's umask took bits away.
  if (result === 0) result = changeMode(paths.dir, permissions);
  if (result < 0) throw failed("create", paths.dir, -result);
  return paths;
}

function createRoot(root: string, { sticky }: RootChoice): void {
  try {
    Deno.mkdirSync(root, { recursive: true, mode: 0o700 });
    Deno.chmodSync(root, sticky ? 0o1700 : 0o700);
  } catch (cause) {
    const { message } = cannot("create state folder", root, cause);
    const hint = "name a folder of your own with --root, or in XDG_RUNTIME_DIR";
    throw new StateError(ioCode(cause) === "EACCES" ? `${message}; hint: ${hint}` : message, {
      cause,
    });
  }
}

export function writeRecord(dir: string, record: ContainerRecord): void {
  replaceText(`${dir}/state.json`, encodeRecord(record));
}

/** Writes a file of a container's folder so that a reader finds the old text or the new one, never a part. */
export function replaceText(file: string, text: string): void {
  const at = file.lastIndexOf("/") + 1;
  const draft = `${file.slice(0, at)}.${file.slice(at)}.new`;
  writeOwn(draft, text);
  const result = replaceFile(draft, file);
  if (result < 0) throw failed("write", file, -result);
}

/** Writes the copy of the configuration that goes with a record. */
export function writeConfig({ config }: RecordPaths, text: string): void {
  writeOwn(config, text);
}

function writeOwn(file: string, text: string): void {
  const result = writeFile(file, text, { create: mode(0o600) });
  if (result < 0) throw failed("write", file, -result);
}

/**
 * The record of container `id`.
 * @throws {StateError} "container does not exist"; or what is wrong with the record
 */
export function readRecord(root: string, id: string): ContainerRecord {
  const { state } = recordPaths(root, id);
  let text: string;
  try {
    text = Deno.readTextFileSync(state);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new StateError("container does not exist", { cause });
    }
    throw cannot("read", state, cause);
  }
  return parseRecord(text, state);
}

/** The ids under a state root, sorted; null when the root is not there. */
export function listIds(root: string): readonly string[] | null {
  const ids: string[] = [];
  try {
    for (const entry of Deno.readDirSync(root)) if (entry.isDirectory) ids.push(entry.name);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw cannot("list", root, cause);
  }
  return ids.sort();
}

/**
 * Removes the folder of a container with all that is in it, follows no symlink and does not enter another file system
 * that somebody mounted inside: that fails, and nothing of it is touched. No folder is fine.
 */
export function removeContainerDir(dir: string): void {
  if (!removeUsual(dir)) removeAny(dir);
}

/** Removes a folder that has nothing but what most have, without looking, and the record last; false when it is still there. */
function removeUsual(dir: string): boolean {
  const { gate, started, outcome, config, state, scratch } = folderPaths(dir);
  const empty = removeEmpty(scratch);
  if (empty < 0 && empty !== -ERRNO.ENOENT) return false;
  const folder = outcome.slice(0, outcome.lastIndexOf("/"));
  // What is not empty is no symlink to somewhere else.
  if (removeEmpty(folder) === -ERRNO.ENOTEMPTY) {
    removeFile(outcome);
    removeEmpty(folder);
  }
  // One of the two is there.
  if (removeFile(started) !== 0) removeFile(gate);
  removeFile(config);
  removeFile(state);
  const result = removeEmpty(dir);
  return result === 0 || result === -ERRNO.ENOENT;
}

function removeAny(dir: string): void {
  try {
    removeTree(dir, Deno.lstatSync(dir));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    if (cause instanceof StateError) throw cause;
    throw cannot("remove", dir, cause);
  }
}

function removeTree(path: string, info: Deno.FileInfo): void {
  if (!info.isDirectory) {
    Deno.removeSync(path);
    return;
  }
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    const child = `${path}/${name}`;
    if (!isDirectory) {
      Deno.removeSync(child);
      continue;
    }
    const childInfo = Deno.lstatSync(child);
    // A mount of the same file system has the same device; what is mounted on, though, cannot be removed.
    const empty = removeEmpty(child);
    if (empty === 0) continue;
    if (childInfo.dev !== info.dev || empty === -ERRNO.EBUSY) {
      throw new StateError(
        `Cannot remove ${child}: another file system is mounted there; hint: unmount it first`,
      );
    }
    removeTree(child, childInfo);
  }
  Deno.removeSync(path);
}

function cannot(verb: string, object: string, cause: unknown): StateError {
  return new StateError(`Cannot ${verb} ${object}: ${ioReason(cause)}`, { cause });
}

function failed(verb: string, object: string, errno: number): StateError {
  return new StateError(`Cannot ${verb} ${object}: ${errnoReason(errno)}`);
}
