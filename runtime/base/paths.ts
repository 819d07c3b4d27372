import { UsageError } from "./errors.ts";

/** What decides where containers are recorded. */
export interface RootOptions {
  /** `--root` as given; null when it was not. */
  readonly root: string | null;
  /** The name this program goes by, which is the default folder's name. */
  readonly programName: string;
  readonly euid: number;
  readonly inUserNamespace: boolean;
  /** The caller's environment. */
  readonly env: (name: string) => string | undefined;
}

/**
 * The folder that holds one folder per container: `--root`, else `/run/<program>`, else, for an ordinary user
 * or inside a user namespace under another name than root's, `$XDG_RUNTIME_DIR/<program>` where that variable is set.
 *
 * @throws {UsageError} for `/`, in runc's words
 */
export function stateRoot(options: RootOptions): string {
  const { root, programName, env } = options;
  if (root !== null && /^\/+$/.test(root)) {
    throw new UsageError("Option --root argument should not be set to /");
  }
  if (root !== null && root !== "") return root;
  const runtimeDir = env("XDG_RUNTIME_DIR");
  if (runtimeDir !== undefined && runtimeDir !== "" && isOrdinary(options)) {
    return `${runtimeDir}/${programName}`;
  }
  return `/run/${programName}`;
}

/** Not root of the host. Root of a user namespace is, unless it says that it acts as root (`USER=root`). */
function isOrdinary({ euid, inUserNamespace, env }: RootOptions): boolean {
  return euid !== 0 || (inUserNamespace && env("USER") !== "root");
}

/** Whether a state root lies in `$XDG_RUNTIME_DIR`, where a folder without the sticky bit may be cleaned away. */
export function inRuntimeDir(root: string, env: (name: string) => string | undefined): boolean {
  const runtimeDir = env("XDG_RUNTIME_DIR");
  return runtimeDir !== undefined && runtimeDir !== "" && root.startsWith(`${runtimeDir}/`);
}

/** The files of one container's folder. */
export interface RecordPaths {
  readonly dir: string;
  /** The record. */
  readonly state: string;
  /** config.json as it was at create. */
  readonly config: string;
  /** The fifo at which a created container waits; gone once it is started. */
  readonly gate: string;
  /** What the gate is called once the container is started. */
  readonly started: string;
  /** How the container ended, where one of the runtime's own processes saw it. */
  readonly exit: string;
  /** The fifo by which a started container tells whether its program could be executed. */
  readonly outcome: string;
  /** An empty folder to build an overlay on. */
  readonly scratch: string;
  /** The folder of the socket to which the container says that it is ready; only where a service manager wants to know. */
  readonly notify: string;
}

/** The files of container `id` under a state root. */
export function recordPaths(root: string, id: string): RecordPaths {
  return folderPaths(`${root}/${id}`);
}

/** The files in a container's folder. */
export function folderPaths(dir: string): RecordPaths {
  return {
    dir,
    state: `${dir}/state.json`,
    config: `${dir}/config.json`,
    gate: `${dir}/exec.fifo`,
    started: `${dir}/started`,
    exit: `${dir}/exit.json`,
    outcome: `${dir}/outcome/exec.fifo`,
    scratch: `${dir}/scratch`,
    notify: `${dir}/notify`,
  };
}

/** Where programs are for a caller that does not say: a service manager's commands often have no PATH. */
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The folders that a caller with this PATH has programs in, in its order. */
export function programFolders(searchPath: string | undefined): readonly string[] {
  return (searchPath || USUAL_PATH).split(":").filter((folder) => folder !== "");
}
