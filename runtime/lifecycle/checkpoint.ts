import { ERRNO } from "syscalls/abi/errno.ts";
import { fd } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { isWritable, openFile, writeSome } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { removeEmpty } from "syscalls/libc/paths.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { HostError, UsageError } from "runtime/base/errors.ts";
import { errnoReason, ioReason } from "runtime/base/io_failure.ts";
import { thaw } from "runtime/cgroups/freeze.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { CriuOptions, Feature, Pair } from "runtime/criu/rpc.ts";
import { CriuFailure, type CriuWorker } from "runtime/criu/worker.ts";
import { probeHost } from "runtime/host/probe.ts";
import { namespaceOf } from "runtime/plan/input.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import type { Context } from "./context.ts";
import {
  commonOptions,
  type CriuChoices,
  type CriuFolders,
  explainCriu,
  EXTERNAL_NAMESPACES,
  makeFolder,
  openFolders,
  startCriu,
  warnRootless,
} from "./criu.ts";
import { refuseBeyondCriu } from "./criu_limits.ts";
import { destroy } from "./delete.ts";
import { externalStreams, streamNames, writeStreams } from "./descriptors.ts";
import { externalMounts, MASK, maskedPlaces, nestedMounts } from "./external_mounts.ts";
import { parseMountinfo } from "./mountinfo.ts";
import { type OpenContainer, openContainer } from "./open.ts";
import { savedSpec } from "./saved_spec.ts";

export interface CheckpointOptions extends CriuChoices {
  /** The images of an earlier `--pre-dump`, from the folder of the images; null for none. */
  readonly parentPath: string | null;
  readonly leaveRunning: boolean;
  readonly tcpSkipInFlight: boolean;
  readonly linkRemap: boolean;
  /** Memory alone; the container goes on. */
  readonly preDump: boolean;
  /** Where CRIU sends memory to; null: into the images. */
  readonly pageServer: { readonly address: string; readonly port: number } | null;
  /** A descriptor of the caller's that gets a NUL when lazy pages can be asked for; null for none. */
  readonly statusFd: number | null;
}

/**
 * Writes a container that runs into images, by CRIU. It is gone then, unless it is to be left running; when it could not be
 * written, it runs as before.
 */
export async function checkpoint(
  context: Context,
  id: string,
  options: CheckpointOptions,
): Promise<void> {
  warnRootless(context, "checkpoint");
  using container = openContainer(context, id);
  assertAllowed("checkpoint", id, container.status);
  const spec = savedSpec(container.record, container.paths, probeHost());
  refuseBeyondCriu("checkpoint", spec);
  checkStatusFd(options);
  prepareImages(options);
  dump(container, spec, options);
  if (options.leaveRunning || options.preDump) return;
  await destroy(context, container.record, container.paths);
}

/** @throws {UsageError} for a descriptor that cannot be written to */
function checkStatusFd({ statusFd, lazyPages }: CheckpointOptions): void {
  if (statusFd === null || !lazyPages) return;
  const writable = isWritable(fd(statusFd));
  if (writable === true) return;
  const why = writable === null ? "there is no such descriptor" : "it is not open for writing";
  throw new UsageError(`Cannot use --status-fd ${statusFd}: ${why}`);
}

/** Makes the folder of the images. One that was made for nothing is taken away. */
function prepareImages({ imagePath, parentPath }: CheckpointOptions): void {
  makeFolder(imagePath);
  if (parentPath === null) return;
  try {
    checkParent(imagePath, parentPath);
  } catch (cause) {
    removeEmpty(imagePath);
    throw cause;
  }
}

/** @throws {UsageError} for a folder that is not there, or is no relative path: the images are to be moved as one */
function checkParent(imagePath: string, parentPath: string): void {
  const refused = (why: string): UsageError =>
    new UsageError(`Cannot use --parent-path "${parentPath}": ${why}`);
  if (parentPath.startsWith("/")) throw refused("it must be relative to --image-path");
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(`${imagePath}/${parentPath}`).isDirectory;
  } catch (cause) {
    throw refused(`${ioReason(cause)}; hint: it is taken from --image-path`);
  }
  if (!isFolder) throw refused("ENOTDIR (Not a directory)");
}

function dump(container: OpenContainer, spec: ValidSpec, options: CheckpointOptions): void {
  const { record, status } = container;
  using folders = openFolders(options, "dump.log");
  const names = streamNames(record);
  const type = options.preDump ? "preDump" : "dump";
  const asked = {
    ...commonOptions(options, folders, record.annotations),
    ...dumpOptions(record, options),
    external: [...externalNamespaces(record, spec), ...externalStreams(names)],
    ...options.preDump ? {} : { externalMounts: mountsToDump(container, spec) },
  };
  try {
    using criu = startCriu([]);
    criu.requireVersion();
    requireFeatures(criu, options);
    if (!options.preDump) writeStreams(options.imagePath, names);
    criu.perform(type, asked, ({ script }) => {
      if (script === "status-ready") tellReady(options);
    });
  } catch (cause) {
    // A CRIU that was killed has thawed nobody.
    if (status === "running") bestEffort("it may run already", () => thaw(record.cgroups));
    throw explainFailure(cause, record, folders);
  }
}

function explainFailure(cause: unknown, { id }: ContainerRecord, { log }: CriuFolders): unknown {
  return explainCriu("checkpoint", id, cause, log);
}

function dumpOptions(
  { pid, rootfs, freezer }: ContainerRecord,
  options: CheckpointOptions,
): Omit<CriuOptions, "imagesDirFd"> {
  const { parentPath, pageServer } = options;
  return {
    pid,
    root: rootfs,
    leaveRunning: options.leaveRunning,
    tcpSkipInFlight: options.tcpSkipInFlight,
    linkRemap: options.linkRemap,
    ...freezer === "" ? {} : { freezeCgroup: freezer.slice(0, freezer.lastIndexOf("/")) },
    ...parentPath === null ? {} : { parentImg: parentPath, trackMem: true },
    ...pageServer === null ? {} : { pageServer },
  };
}

/** Namespaces that others made and will make again: `net[inode]:name`. */
function externalNamespaces({ pid }: ContainerRecord, spec: ValidSpec): string[] {
  return (["network", "pid"] as const).flatMap((type) => {
    if ((namespaceOf(spec, type)?.path ?? null) === null) return [];
    const { file, key } = EXTERNAL_NAMESPACES[type];
    const { ino } = Deno.statSync(`/proc/${pid}/ns/${file}`);
    return [`${file}[${ino}]:${key}`];
  });
}

/** Every place in the container where files of the host are mounted, and the name that it gets in the images. */
function mountsToDump({ record, paths }: OpenContainer, spec: ValidSpec): Pair[] {
  const O = openFlags(hostArch());
  using root = openFile(`/proc/${record.pid}/root`, O.of("O_PATH", "O_DIRECTORY"));
  const { kind, hierarchies } = hostLayout();
  const scene = {
    spec,
    root: root.fd,
    notify: paths.notify,
    cgroups: {
      unified: kind === "v2",
      hierarchies: hierarchies.map(({ mountpoint, version, controllers }) => ({
        name: mountpoint.slice(mountpoint.lastIndexOf("/") + 1),
        version,
        controllers,
        directory: "",
        isOwn: true,
      })),
    },
  };
  const mounts = externalMounts(scene);
  const masked = maskedPlaces(scene);
  const mountinfo = Deno.readTextFileSync(`/proc/${record.pid}/mountinfo`);
  const mountpoints = parseMountinfo(mountinfo).map(({ destination }) => destination);
  const nested = nestedMounts(mounts, masked, mountpoints, "place");
  const isFolder = (place: string): boolean => {
    try {
      return Deno.statSync(`/proc/${record.pid}/root${place}`).isDirectory;
    } catch {
      // There is nothing to mask there.
      return true;
    }
  };
  return [
    ...[...mounts, ...nested].map(({ place }): Pair => [place, place]),
    ...masked.filter((place) => !isFolder(place)).map((place): Pair => [place, MASK]),
  ];
}

/** @throws {CriuFailure} where CRIU or the kernel cannot do what was asked for */
function requireFeatures(criu: CriuWorker, { preDump, lazyPages }: CheckpointOptions): void {
  if (!preDump && !lazyPages) return;
  const features = criu.features();
  const require = (feature: Feature, wanted: boolean, why: string): void => {
    if (wanted && !features.includes(feature)) throw new CriuFailure(why);
  };
  require(
    "memTrack",
    preDump,
    "--pre-dump needs a kernel that tracks changes of memory; hint: CONFIG_MEM_SOFT_DIRTY",
  );
  require(
    "lazyPages",
    lazyPages,
    "--lazy-pages needs a kernel with non-cooperative userfaultfd; hint: CONFIG_USERFAULTFD",
  );
}

function tellReady({ statusFd }: CheckpointOptions): void {
  if (statusFd === null) return;
  using status = new OwnedFd(fd(statusFd));
  const result = writeSome(status.fd, new Uint8Array(1));
  if (result < 0 && result !== -ERRNO.EPIPE) {
    throw new HostError(`Cannot write to --status-fd ${statusFd}: ${errnoReason(-result)}`);
  }
}
