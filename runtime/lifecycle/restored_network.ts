import type { Pid } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { findLink, setLinkUp } from "syscalls/libc/links.ts";
import { inNetworkNamespace } from "syscalls/libc/namespaces.ts";
import { RouteSocket } from "syscalls/libc/netlink.ts";
import { isNew } from "runtime/plan/input.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { NetDevices } from "./net_devices.ts";
import type { Undo } from "./rollback.ts";

/**
 * Sets up a network namespace that CRIU has made anew: `lo` is up, and the devices of the configuration are in it. One that was joined
 * by its path has all that already.
 */
export function setUpNetwork(init: Pid, spec: ValidSpec, undo: Undo): void {
  if (!isNew(spec, "network")) return;
  bringUpLoopback(init);
  if (spec.netDevices.length === 0) return;
  const devices = new NetDevices(spec.netDevices);
  undo(() => {
    devices.moveBack();
    devices[Symbol.dispose]();
  });
  devices.move(init);
}

function bringUpLoopback(init: Pid): void {
  using namespace = openFile(`/proc/${init}/ns/net`, openFlags(hostArch()).of("O_RDONLY"));
  using socket = inNetworkNamespace(namespace.fd, () => new RouteSocket());
  const lo = findLink(socket, "lo");
  if (lo !== null) setLinkUp(socket, lo.index, true);
}
