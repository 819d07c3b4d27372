import { type Fd, mode } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { bindTree } from "syscalls/libc/mounts.ts";
import { makeDirectory, removeEmpty } from "syscalls/libc/paths.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";
import type { Pair } from "runtime/criu/rpc.ts";
import type { ValidMount, ValidSpec } from "runtime/spec/valid.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { unmountShared } from "./delete.ts";
import {
  type ExternalMount,
  externalMounts,
  MASK,
  maskedPlaces,
  nestedMounts,
} from "./external_mounts.ts";
import { leadsTo, makeAll } from "./make_place.ts";
import { parseMountinfo } from "./mountinfo.ts";

/**
 * Mounts the rootfs on a folder of the container's own (`sharedMount`), since CRIU needs a root that is a mount, whose parent
 * nothing is mounted over.
 */
export function mountRoot({ sharedMount, rootfs }: ContainerRecord): void {
  const result = makeDirectory(sharedMount, mode(0o755));
  if (result < 0) {
    throw new SyscallError({ verb: "create", object: `"${sharedMount}"`, errno: -result });
  }
  bindTree(rootfs, sharedMount);
}

/** Takes that mount away again; the container has one of its own. */
export function unmountRoot(record: ContainerRecord): void {
  unmountShared(record);
  removeEmpty(record.sharedMount);
}

/** What {@link mountsToRestore} goes by. */
export interface RestoreScene {
  readonly spec: ValidSpec;
  readonly rootfs: string;
  readonly cgroups: CgroupFacts;
  /** The folder that is mounted where a container tells that it is ready; nobody listens in it. */
  readonly notify: string;
}

/** Makes the mount points that are missing in the rootfs, as `create` does, and gives what is to be mounted for each name in the images. */
export function mountsToRestore({ spec, rootfs, cgroups, notify }: RestoreScene): Pair[] {
  using root = openFolder(rootfs);
  const scene = { spec, root: root.fd, cgroups, notify };
  makeMountPoints(spec, root.fd);
  const mounts = externalMounts(scene);
  const lines = parseMountinfo(Deno.readTextFileSync("/proc/self/mountinfo"));
  const nested = nestedMounts(
    mounts.map(withRealSource),
    maskedPlaces(scene),
    lines.map(({ destination }) => destination),
    "source",
  );
  return [
    ...[...mounts, ...nested].map(({ place, source }): Pair => [place, source]),
    [MASK, MASK],
  ];
}

function withRealSource(mount: ExternalMount): ExternalMount {
  return mount.deep ? { ...mount, source: Deno.realPathSync(mount.source) } : mount;
}

/** A bind that mount points of others may lie in. */
interface Bound {
  readonly place: string;
  /** Null where the content is no business of the host's: it comes with the images, or from the kernel. */
  readonly source: string | null;
}

/** What is in a bound folder of the host is made there; CRIU restores what its own file systems have. */
function makeMountPoints({ mounts }: ValidSpec, root: Fd): void {
  const bound: Bound[] = [];
  for (const mount of mounts) {
    const names = leadsTo(root, mount.destination);
    const place = `/${names.join("/")}`;
    const below = bound.findLast((it) => it.place === "/" || place.startsWith(`${it.place}/`));
    const isBind = mount.bind !== "none";
    if (below === undefined) makeMountPoint(root, names, mount);
    else if (below.source !== null) {
      using folder = openFolder(below.source);
      const rest = names.slice(below.place.split("/").filter((name) => name !== "").length);
      makeMountPoint(folder.fd, leadsTo(folder.fd, rest.join("/")), mount);
    }
    bound.push({ place, source: isBind ? mount.source : null });
  }
}

function makeMountPoint(root: Fd, names: readonly string[], mount: ValidMount): void {
  const { destination, bind, source, copySymlink } = mount;
  if (copySymlink) return;
  const kind = bind !== "none" && !Deno.statSync(source).isDirectory ? "file" : "directory";
  makeAll(root, names, { kind, path: destination });
}

function openFolder(path: string): ReturnType<typeof openFile> {
  return openFile(path, openFlags(hostArch()).of("O_PATH", "O_DIRECTORY"));
}
