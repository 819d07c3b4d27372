import type { Hierarchy } from "runtime/cgroups/hierarchies.ts";
import { visiblePath } from "runtime/cgroups/place.ts";
import {
  socketPaths,
  systemBusAddress,
  userBusAddress,
} from "runtime/cgroups/systemd/bus_address.ts";
import { type Answer, fact, no, type Topic, yes } from "./answer.ts";
import { isAtLeast, type Machine } from "./machine.ts";

/** Where systemd keeps its state while it runs as process 1 (sd_booted(3)). */
const BOOTED = "/run/systemd/system";

/** Control groups, and who makes them. */
export const CGROUPS: Topic = {
  name: "cgroups",
  title: "Control groups",
  questions: [
    { name: "layout", title: "layout", ask: layout },
    { name: "version1", title: "version 1", ask: version1 },
    { name: "version2", title: "version 2", ask: version2 },
    { name: "own", title: "own cgroup", ask: own },
    { name: "writable", title: "for this caller", ask: writable },
    { name: "swapAccounting", title: "limits of swap", ask: swapAccounting },
    { name: "kill", title: "cgroup.kill", ask: killFile },
    { name: "devices", title: "device rules", ask: devices },
    { name: "systemd", title: "systemd", ask: systemd },
    { name: "systemBus", title: "system bus", ask: systemBus },
    { name: "userBus", title: "user's bus", ask: userBus },
  ],
};

const NO_TREES = {
  effect: "containers have no cgroup, and limits are refused",
  hint: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
};

function layout(machine: Machine): Answer {
  switch (machine.layout().kind) {
    case "none":
      return no("no tree of cgroups is mounted", NO_TREES);
    case "v1":
      return yes("v1: version 1 alone");
    case "v2":
      return yes("v2: version 2 alone");
    case "hybrid":
      return yes("hybrid: version 2 beside version 1");
  }
}

function unified(machine: Machine): Hierarchy | undefined {
  return machine.layout().hierarchies.find(({ version }) => version === 2);
}

function version1(machine: Machine): Answer {
  const trees = machine.layout().hierarchies.filter(({ version }) => version === 1);
  if (trees.length === 0) return no("none of its trees is mounted");
  return yes(trees.flatMap(({ controllers }) => controllers));
}

function version2(machine: Machine): Answer {
  const tree = unified(machine);
  if (tree === undefined) {
    return no("it is not mounted", { effect: "linux.resources.unified is refused" });
  }
  const controllers = words(machine.read(`${tree.mountpoint}/cgroup.controllers`));
  return controllers.length > 0 ? yes(controllers) : yes(`${tree.mountpoint}, without controllers`);
}

function own(machine: Machine): Answer {
  const tree = unified(machine) ?? machine.layout().hierarchies[0];
  return tree === undefined ? no("no tree of cgroups is mounted") : fact(tree.own);
}

/** Whether the caller may make cgroups where a container's are made by default. */
function writable(machine: Machine): Answer {
  const { hierarchies } = machine.layout();
  if (hierarchies.length === 0) return no("no tree of cgroups is mounted", NO_TREES);
  const refused = hierarchies.filter((tree) => !machine.mayWrite(parentOf(machine, tree)));
  if (refused.length === 0) return yes(delegated(machine) ?? "every tree can be written to");
  const folders = refused.map((tree) => parentOf(machine, tree)).join(", ");
  const isAll = refused.length === hierarchies.length && refused.length > 1;
  return no(isAll ? "none of the trees can be written to" : `${folders} cannot be written to`, {
    effect: "containers go without those cgroups, and limits in them are refused",
    hint: machine.exists(BOOTED)
      ? "systemd hands on controllers in user@.service (Delegate=), for --systemd-cgroup"
      : "have the folder and its cgroup.procs given to you",
  });
}

/** A version 2 cgroup with processes hands on no controllers, so that a container's stands beside it. */
function parentOf(machine: Machine, tree: Hierarchy): string {
  const dir = visiblePath(tree, tree.own);
  const isAlone = machine.layout().kind === "v2";
  return isAlone && dir !== tree.mountpoint ? dir.slice(0, dir.lastIndexOf("/")) : dir;
}

function delegated(machine: Machine): readonly string[] | null {
  const tree = unified(machine);
  if (tree === undefined || machine.layout().kind !== "v2") return null;
  const controllers = words(machine.read(`${parentOf(machine, tree)}/cgroup.controllers`));
  return controllers.length === 0 ? null : controllers;
}

function swapAccounting(machine: Machine): Answer {
  const memory = machine.layout().hierarchies.find(({ controllers }) =>
    controllers.includes("memory")
  );
  const tree = memory ?? unified(machine);
  const effect = "memory.swap is refused";
  if (tree === undefined) return no("no tree of cgroups is mounted", { effect });
  const name = tree.version === 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
  // The uppermost cgroup of version 2 has no limits.
  const folder = visiblePath(tree, tree.own);
  const below = [folder, ...machine.names(folder).map((child) => `${folder}/${child}`)];
  if (below.some((dir) => machine.exists(`${dir}/${name}`))) return yes();
  return no(`no ${name} is to be seen in ${folder}`, {
    effect,
    hint: "start the kernel with swapaccount=1, where the memory controller is there",
  });
}

function killFile(machine: Machine): Answer {
  if (isAtLeast(machine, 5, 14) && unified(machine) !== undefined) return yes();
  const reason = unified(machine) === undefined
    ? "version 2 is not mounted"
    : "the kernel is older than 5.14";
  return no(reason, { effect: "processes of a container are killed one by one" });
}

function devices(machine: Machine): Answer {
  const hasController = machine.layout().hierarchies.some(({ controllers }) =>
    controllers.includes("devices")
  );
  if (hasController) return yes("by the devices controller of version 1");
  if (unified(machine) !== undefined && machine.knows("bpf")) return yes("by eBPF programs");
  return no("there is neither the devices controller nor bpf(2) with version 2", {
    effect: "linux.resources.devices cannot be held to",
  });
}

function systemd(machine: Machine): Answer {
  if (machine.exists(BOOTED)) return yes();
  return no("it is not process 1 of this host", { effect: "--systemd-cgroup is refused" });
}

function systemBus(machine: Machine): Answer {
  if (!machine.exists(BOOTED)) return no("systemd does not run this host");
  return bus(machine, systemBusAddress((name) => machine.variable(name)));
}

function userBus(machine: Machine): Answer {
  const variable = (name: string): string | undefined => machine.variable(name);
  const addresses = userBusAddress(variable, (path) => machine.exists(path));
  if (addresses !== null) return bus(machine, addresses);
  return no("neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR leads to one", {
    effect: "--systemd-cgroup is refused to ordinary users",
    hint: "log in where systemd runs, with the package dbus-user-session",
  });
}

function bus(machine: Machine, addresses: string): Answer {
  const sockets = socketPaths(addresses);
  const found = sockets.find((socket) => machine.connects(socket));
  if (found !== undefined) return yes(found.replace("\0", "@"));
  return no(`nobody listens at ${addresses}`, { effect: "--systemd-cgroup is refused" });
}

function words(text: string | null): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
