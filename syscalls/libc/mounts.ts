import { AT_FDCWD, type Fd, fd } from "syscalls/abi/brand.ts";
import { MOUNT_ATTR, mountAttr, MS, OPEN_TREE } from "syscalls/abi/mount.ts";
import { AT } from "syscalls/abi/open.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/**
 * A mount of a folder that is attached nowhere yet: private, and with these attributes. Whoever gets the descriptor can
 * attach it (move_mount(2)), even where the folder's own path is out of reach.
 */
export function detachedBind(
  folder: string,
  attributes: ReturnType<typeof MOUNT_ATTR.of>,
): OwnedFd {
  using arena = new Arena();
  const attempt = { verb: "bind", object: `"${folder}"` };
  const flags = OPEN_TREE.of("OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC");
  const path = arena.cString(folder);
  using tree = new OwnedFd(fd(call(attempt, "open_tree", AT_FDCWD, path, flags)));
  const change = mountAttr.encode({
    attr_set: attributes,
    attr_clr: 0n,
    propagation: MS.of("MS_PRIVATE"),
    userns_fd: 0n,
  });
  const [empty, here] = [arena.cString(""), AT.of("AT_EMPTY_PATH")];
  call(attempt, "mount_setattr", tree.fd, empty, here, arena.bytes(change), change.length);
  return new OwnedFd(tree.release());
}

/**
 * Gives the files of a mount other owners: those that the user namespace says (MOUNT_ATTR_IDMAP). The mount must not have been
 * attached anywhere; it may be of another process, in another mount namespace.
 *
 * @throws {SyscallError} EINVAL when the file system cannot; EPERM when the mount is mapped already, or the file system
 * is another user namespace's
 */
export function mapIds(
  tree: Fd,
  userNamespace: Fd,
  { deep }: { readonly deep: boolean },
): void {
  using arena = new Arena();
  const change = mountAttr.encode({
    attr_set: MOUNT_ATTR.of("MOUNT_ATTR_IDMAP"),
    attr_clr: 0n,
    propagation: 0n,
    userns_fd: BigInt(userNamespace),
  });
  const here = deep ? AT.of("AT_EMPTY_PATH", "AT_RECURSIVE") : AT.of("AT_EMPTY_PATH");
  const attempt = { verb: "map ids of", object: `mount ${tree}` };
  const empty = arena.cString("");
  call(attempt, "mount_setattr", tree, empty, here, arena.bytes(change), change.length);
}

/**
 * Mounts a folder, with all that is mounted in it, on another one (mount(2), MS_BIND and MS_REC).
 * @throws {SyscallError} EPERM without CAP_SYS_ADMIN
 */
export function bindTree(source: string, target: string): void {
  using arena = new Arena();
  const attempt = { verb: "bind mount", object: `"${source}" on "${target}"` };
  const [from, to] = [arena.cString(source), arena.cString(target)];
  call(attempt, "mount", from, to, 0, MS.of("MS_BIND", "MS_REC"), 0);
}
