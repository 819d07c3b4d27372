import { type Fd, fd, type Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { type OpenFlag, openFlags, openHow, RESOLVE } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { decodeText } from "syscalls/abi/text.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { rawCall, retryCall } from "syscalls/libc/call.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import type { Sent } from "runtime/launch/converse.ts";
import type { Step } from "runtime/plan/step.ts";
import { asOwner, ownerOf } from "./as_owner.ts";

/** As many links as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40;

const LONGEST_LINK = 4096;

/**
 * Makes what the mount point of a step leads to, by symlinks that lead nowhere, inside the container's root and as the container's
 * root user (runc does the same). The image may be changed meanwhile by others that share it: nothing is opened but below the root,
 * and nothing is made but in a directory that is open.
 */
export function makePlace(
  init: Pid,
  step: Step | undefined,
  { kind, sent: [root] }: { readonly kind: "directory" | "file"; readonly sent: Sent },
): void {
  if (step === undefined || !("destination" in step) || root === undefined) {
    throw new RangeError("Cannot make mount point: the step that asks for it mounts nothing");
  }
  const { destination } = step;
  const owner = ownerOf(init);
  const umask = rawCall("umask", 0);
  try {
    asOwner(owner, "owner's", () => {
      const names = leadsTo(root.fd, destination);
      makeAll(root.fd, names, { kind, path: destination });
    });
  } finally {
    rawCall("umask", umask);
  }
}

/** The names on the way from the root to where a path leads, as far as links are there; no link is among them. */
export function leadsTo(root: Fd, path: string): string[] {
  const done: string[] = [];
  let rest = namesIn(path);
  for (let links = 0; rest.length > 0;) {
    const [name = "", ...others] = rest;
    rest = others;
    if (name === "..") done.pop();
    else {
      const link = readLink(root, [...done, name].join("/"));
      if (link === null) done.push(name);
      else {
        if (++links > MOST_LINKS) throw failure(path, ERRNO.ELOOP);
        if (link.startsWith("/")) done.length = 0;
        rest = [...namesIn(link), ...rest];
      }
    }
  }
  return done;
}

function namesIn(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** Where the symlink at a path below the root leads; null when there is none. */
function readLink(root: Fd, path: string): string | null {
  const opened = openBelow(root, path, {
    flags: ["O_PATH", "O_NOFOLLOW"],
    resolve: RESOLVE.of("RESOLVE_IN_ROOT", "RESOLVE_NO_MAGICLINKS"),
  });
  if (opened === -ERRNO.ENOENT) return null;
  if (opened < 0) throw failure(path, -opened);
  using link = new OwnedFd(fd(opened));
  using arena = new Arena();
  const space = arena.reserve(LONGEST_LINK);
  const length = rawCall(
    "readlinkat",
    link.fd,
    arena.cString(""),
    arena.bytes(space),
    space.length,
  );
  return length < 0 ? null : decodeText(space.slice(0, length));
}

/** Makes what is missing on the way to a place below the root, all of it directories but the place itself where that is a file. */
export function makeAll(
  root: Fd,
  names: readonly string[],
  { kind, path }: { kind: "directory" | "file"; path: string },
): void {
  using opened = new DisposableStack();
  let parent = root;
  names.forEach((name, index) => {
    const file = kind === "file" && index === names.length - 1;
    if (!file) {
      using arena = new Arena();
      const result = rawCall("mkdirat", parent, arena.cString(name), 0o755);
      if (result < 0 && result !== -ERRNO.EEXIST) throw failure(path, -result);
    }
    const child = openBelow(parent, name, {
      flags: file ? ["O_CREAT", "O_NOFOLLOW"] : ["O_PATH", "O_DIRECTORY"],
      resolve: RESOLVE.of("RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"),
      mode: file ? 0o644n : 0n,
    });
    if (child < 0) throw failure(path, -child);
    parent = opened.use(new OwnedFd(fd(child))).fd;
  });
}

/** openat2(2): a descriptor, or `-errno`. */
function openBelow(
  dir: Fd,
  path: string,
  { flags, resolve, mode = 0n }: {
    flags: readonly OpenFlag[];
    resolve: bigint;
    mode?: bigint;
  },
): number {
  using arena = new Arena();
  const how = openHow.encode({
    flags: openFlags(hostArch()).of(...flags, "O_CLOEXEC"),
    mode,
    resolve,
  });
  return retryCall("openat2", dir, arena.cString(path), arena.bytes(how), openHow.size);
}

function failure(path: string, errno: number): SyscallError {
  const object = `what the mount point "${path}" leads to`;
  return new SyscallError({ verb: "make", object, errno });
}
