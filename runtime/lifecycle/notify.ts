import { type Fd, mode, type Pid } from "syscalls/abi/brand.ts";
import { MOUNT_ATTR } from "syscalls/abi/mount.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { bindDatagrams, connectDatagrams } from "syscalls/libc/datagrams.ts";
import { detachedBind } from "syscalls/libc/mounts.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { changeMode, findPath, makeDirectory, removeFile } from "syscalls/libc/paths.ts";
import { setSignalMask } from "syscalls/libc/poll.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { makeNotifyProxy, type NotifyProxy, proxyUntilReady } from "runtime/launch/notify_proxy.ts";
import { NOTIFY_NAME } from "runtime/plan/notify.ts";
import type { Context } from "./context.ts";

/** The socket of the service manager that wants to know when the container is ready; null when nobody does. */
export function managerSocket(): string | null {
  const name = processInfo().env("NOTIFY_SOCKET") ?? "";
  if (name === "") return null;
  return name.startsWith("@") ? name : resolveUserPath(name);
}

/** Makes the folder of the container's own socket, and a mount of it in which the container can change nothing. */
export function shareNotifyFolder({ notify }: RecordPaths): OwnedFd {
  const permissions = mode(0o755);
  let result = makeDirectory(notify, permissions);
  // The caller's umask took bits away.
  if (result === 0) result = changeMode(notify, permissions);
  if (result < 0) throw new SyscallError({ verb: "create", object: `"${notify}"`, errno: -result });
  return detachedBind(
    notify,
    MOUNT_ATTR.of(
      "MOUNT_ATTR_RDONLY",
      "MOUNT_ATTR_NOSUID",
      "MOUNT_ATTR_NODEV",
      "MOUNT_ATTR_NOEXEC",
    ),
  );
}

/** Between whom messages are passed on. */
export interface NotifyRoute {
  /** Where the service manager listens. */
  readonly manager: string;
  readonly paths: RecordPaths;
  /** Who the manager is told to be the service. */
  readonly mainPid: Pid;
}

/**
 * Listens for a container that is about to be started. Nobody listens for one that was created where no manager wanted to
 * know. A manager that cannot be reached is warned of: the container runs all the same.
 */
export function listenForReady(
  { log }: Context,
  { manager, paths, mainPid }: NotifyRoute,
): NotifyProxy | null {
  if (findPath(paths.notify) !== 0) return null;
  // Left by a start that did not come to its end.
  removeFile(`${paths.notify}/${NOTIFY_NAME}`);
  using stack = new DisposableStack();
  try {
    const connected = stack.use(connectDatagrams(manager));
    const container = stack.use(bindDatagrams(paths.notify, NOTIFY_NAME, mode(0o777)));
    const proxy = makeNotifyProxy({ container, manager: connected, mainPid });
    stack.move();
    return proxy;
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    log.log("warning", cause.message);
    return null;
  }
}

/** Passes on what a started container says until it is ready or has ended, or until a signal ends this command. */
export function awaitReady({ log }: Context, proxy: NotifyProxy, process: Fd): void {
  const { signalMask } = processInfo();
  if (signalMask !== null) setSignalMask(signalMask);
  try {
    if (proxyUntilReady(proxy, process)) return;
    log.log("warning", "Timeout after waiting 30s for barrier. Ignored.");
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    log.log("warning", cause.message);
  }
}
