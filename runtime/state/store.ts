import { type RecordPaths, recordPaths } from "runtime/base/paths.ts";
import { StateError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
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
  try {
    makeDir(paths.dir, 0o711);
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new StateError("container with given ID already exists", { cause });
    }
    if (!(cause instanceof Deno.errors.NotFound)) throw cannot("create", paths.dir, cause);
    createRoot(root, choice);
    return createContainerDir(root, id, choice);
  }
  return paths;
}

/** The mode is set once more because the caller's umask takes bits away. */
function makeDir(path: string, mode: number): void {
  Deno.mkdirSync(path, { mode });
  Deno.chmodSync(path, mode);
}

function createRoot(root: string, { sticky }: RootChoice): void {
  try {
    Deno.mkdirSync(root, { recursive: true, mode: 0o700 });
    Deno.chmodSync(root, sticky ? 0o1700 : 0o700);
  } catch (cause) {
    throw cannot("create state folder", root, cause);
  }
}

/** Writes the record so that a reader finds the old one or the new one, never a part. */
export function writeRecord(dir: string, record: ContainerRecord): void {
  const file = `${dir}/state.json`;
  const draft = `${dir}/.state.json.new`;
  try {
    Deno.writeTextFileSync(draft, encodeRecord(record), { mode: 0o600 });
    Deno.renameSync(draft, file);
  } catch (cause) {
    throw cannot("write", file, cause);
  }
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
    if (childInfo.dev !== info.dev) {
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
