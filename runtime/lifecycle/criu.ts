import { openFlags } from "syscalls/abi/open.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { removeFile } from "syscalls/libc/paths.ts";
import { CLONE } from "syscalls/abi/clone.ts";
import type { Fd } from "syscalls/abi/brand.ts";
import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { logErrors, spokenErrors } from "runtime/criu/log_errors.ts";
import {
  CGROUP_MODES,
  type CriuOptions,
  DEFAULT_CGROUP_MODE,
  NETWORK_LOCKS,
} from "runtime/criu/rpc.ts";
import { CriuFailure, CriuWorker } from "runtime/criu/worker.ts";
import { requireProgram } from "runtime/host/find_program.ts";
import { processInfo } from "runtime/host/process_info.ts";
import type { Context } from "./context.ts";

/** What `checkpoint` and `restore` both ask of CRIU. */
export interface CriuChoices {
  /** The folder of the images, absolute. */
  readonly imagePath: string;
  /** The folder of CRIU's log, absolute; null: that of the images. */
  readonly workPath: string | null;
  readonly tcpEstablished: boolean;
  readonly extUnixSk: boolean;
  readonly shellJob: boolean;
  readonly fileLocks: boolean;
  readonly autoDedup: boolean;
  readonly lazyPages: boolean;
  /** Null leaves it to CRIU. */
  readonly cgroupsMode: keyof typeof CGROUP_MODES | null;
  /** Likewise. */
  readonly networkLock: keyof typeof NETWORK_LOCKS | null;
}

/** The folders that CRIU works in, opened. */
export interface CriuFolders extends Disposable {
  readonly images: OwnedFd;
  /** Null where it is that of the images. */
  readonly work: OwnedFd | null;
  /** CRIU's log, absolute; there is none of an earlier time. */
  readonly log: string;
}

/**
 * Opens the folders; that of the log is made where it is missing.
 *
 * @param log the log's name
 */
export function openFolders(
  { imagePath, workPath }: CriuChoices,
  log: string,
): CriuFolders {
  using stack = new DisposableStack();
  const images = stack.use(openFolder(imagePath));
  if (workPath !== null) makeFolder(workPath);
  const work = workPath === null ? null : stack.use(openFolder(workPath));
  const file = `${workPath ?? imagePath}/${log}`;
  // What is read from it after a failure must be of this one.
  removeFile(file);
  const kept = stack.move();
  return { images, work, log: file, [Symbol.dispose]: () => kept.dispose() };
}

/** Makes a folder of the user's with its parents, for root's eyes alone: memory of processes is in it. */
export function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new HostError(`Cannot create ${path}: ${ioReason(cause)}`, { cause });
  }
}

function openFolder(path: string): OwnedFd {
  return openFile(path, openFlags(hostArch()).of("O_RDONLY", "O_DIRECTORY"));
}

/**
 * The options of a dump as well as of a restore.
 *
 * @param annotations `org.criu.config` names a file whose settings go before these; empty for none
 */
export function commonOptions(
  choices: CriuChoices,
  { images, work, log }: CriuFolders,
  annotations: Readonly<Record<string, string>>,
): CriuOptions {
  const { cgroupsMode, networkLock } = choices;
  const configFile = annotations["org.criu.config"] ?? "/etc/criu/runc.conf";
  return {
    imagesDirFd: images.fd,
    ...work === null ? {} : { workDirFd: work.fd },
    logLevel: 4,
    logFile: log.slice(log.lastIndexOf("/") + 1),
    notifyScripts: true,
    manageCgroups: true,
    manageCgroupsMode: cgroupsMode === null ? DEFAULT_CGROUP_MODE : CGROUP_MODES[cgroupsMode],
    ...networkLock === null ? {} : { networkLock: NETWORK_LOCKS[networkLock] },
    shellJob: choices.shellJob,
    tcpEstablished: choices.tcpEstablished,
    extUnixSk: choices.extUnixSk,
    fileLocks: choices.fileLocks,
    autoDedup: choices.autoDedup,
    lazyPages: choices.lazyPages,
    orphanPtsMaster: true,
    // Devices and addresses are the business of whoever set them up: hooks, CNI.
    emptyNs: Number(CLONE.of("CLONE_NEWNET")),
    ...configFile === "" ? {} : { configFile },
  };
}

/** The names that images know joined namespaces by, as runc has them. */
export const EXTERNAL_NAMESPACES = {
  network: { file: "net", key: "extRootNetNS" },
  pid: { file: "pid", key: "extRootPidNS" },
} as const;

/** Starts a CRIU that does what it is asked for. */
export function startCriu(inherited: readonly Fd[]): CriuWorker {
  const { environ, signalMask } = processInfo();
  return new CriuWorker({
    executable: requireProgram("criu", "install criu, or put its folder into PATH"),
    environ: environ(),
    signalMask: signalMask ?? 0n,
    inherited,
  });
}

/** runc's words: nobody has promised that CRIU gets on with less than root. */
export function warnRootless({ log, programName }: Context, command: string): void {
  if (Deno.uid() === 0) return;
  log.log("warning", `${programName} ${command} is untested with rootless containers`);
}

/** What to throw for a failure: with CRIU's words from its log, or from before it had one, where it is CRIU's own. */
export function explainCriu(verb: string, id: string, cause: unknown, log: string): unknown {
  if (!(cause instanceof CriuFailure)) return cause;
  return new HostError(`Cannot ${verb} container ${id}: ${criuReason(cause, log)}`);
}

function criuReason({ message, said }: CriuFailure, log: string): string {
  const errors = logErrors(readLog(log));
  if (errors.length > 0) {
    const lacksTables = errors.some((error) => error.includes("iptables-restore"));
    const help = lacksTables ? "install iptables, or see --network-lock; " : "";
    return `criu: ${errors.join("; ")}; hint: ${help}all of it is in ${log}`;
  }
  const spoken = spokenErrors(said);
  return spoken.length === 0 ? message : `criu: ${spoken.join("; ")}`;
}

function readLog(log: string): string {
  try {
    return Deno.readTextFileSync(log);
  } catch {
    // It came to no log: the failure itself has to do.
    return "";
  }
}
