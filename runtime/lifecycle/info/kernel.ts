import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import { NAMESPACES } from "runtime/spec/words/namespaces.ts";
import { isSuperuser } from "./caller.ts";
import { type Answer, no, type Topic, unknown, yes } from "./answer.ts";
import { isAtLeast, linesOf, type Machine, type ProbedCall } from "./machine.ts";

/** Namespaces, and who may make them. */
export const NAMESPACE_TOPIC: Topic = {
  name: "namespaces",
  title: "Namespaces",
  questions: [
    { name: "types", title: "types", ask: types },
    { name: "user", title: "user namespaces", ask: userNamespaces },
    { name: "unprivileged", title: "for ordinary users", ask: unprivileged },
  ],
};

const NO_CONTAINERS = "containers cannot be made";

/** Mounts. */
export const MOUNTS: Topic = {
  name: "mounts",
  title: "Mounts",
  questions: [
    {
      name: "mountApi",
      title: "mounts by descriptor",
      ask: calls(
        ["open_tree", "move_mount", "fsopen", "mount_setattr"],
        NO_CONTAINERS,
      ),
    },
    {
      name: "openat2",
      title: "openat2",
      ask: calls(["openat2"], NO_CONTAINERS),
    },
    { name: "idmap", title: "id-mapped mounts", ask: idmap },
    { name: "overlay", title: "overlayfs", ask: overlay },
    { name: "overlayUnprivileged", title: "overlayfs for all", ask: overlayUnprivileged },
  ],
};

/** Processes. */
export const PROCESSES: Topic = {
  name: "processes",
  title: "Processes",
  questions: [
    {
      name: "pidfd",
      title: "pidfd",
      ask: calls(["pidfd_open", "pidfd_getfd"], NO_CONTAINERS),
    },
    {
      name: "clone3",
      title: "clone3",
      ask: calls(["clone3"], "a container's init is moved into its cgroup after its birth"),
    },
    {
      name: "closeRange",
      title: "close_range",
      ask: calls(["close_range"], NO_CONTAINERS),
    },
    { name: "memfd", title: "programs in memory", ask: memfd },
    { name: "capabilities", title: "capabilities", ask: capabilities },
  ],
};

/** Presence of system calls. One that a filter of the caller's refuses counts as absent only where it says ENOSYS. */
function calls(names: readonly ProbedCall[], effect: string): (machine: Machine) => Answer {
  return (machine) => {
    const missing = names.filter((name) => !machine.knows(name));
    if (missing.length === 0) return yes();
    return no(`this kernel, or a seccomp filter of the caller, has no ${missing.join(", ")}`, {
      effect,
      hint: "needs Linux 5.12 or newer",
    });
  };
}

/** Those that the kernel knows, and whether root has all of them to give. */
function capabilities(machine: Machine): Answer {
  const last = machine.read("/proc/sys/kernel/cap_last_cap");
  if (last === null) return unknown("/proc/sys/kernel/cap_last_cap cannot be read");
  const known = CAPABILITY_NAMES.slice(0, Number(last) + 1);
  const newer = CAPABILITY_NAMES.slice(known.length);
  if (newer.length > 0) {
    const effect = "a container goes without them, with a warning";
    return no(`this kernel is too old for ${newer.join(", ")}`, { effect });
  }
  const { uid, capabilities: own } = machine.caller;
  const lost = known.filter((_, number) => (own >> BigInt(number) & 1n) === 0n);
  const upTo = `up to ${known.at(-1)}`;
  if (uid !== 0 || lost.length === 0) return yes(upTo);
  return yes(upTo, {
    effect: `the caller is root without ${lost.join(", ")}, and can give none of them`,
  });
}

function types(machine: Machine): Answer {
  const all = Object.entries(NAMESPACES);
  const has = all.filter(([, { file }]) => machine.exists(`/proc/self/ns/${file}`));
  const missing = all.filter((entry) => !has.includes(entry)).map(([type]) => type);
  const value = has.map(([type]) => type);
  if (missing.length === 0) return yes(value);
  return {
    ...no(`this kernel was built without ${missing.join(", ")}`, {
      effect: "the kernel refuses a container that asks for them",
    }),
    value,
  };
}

const LIMIT = "/proc/sys/user/max_user_namespaces";

function userNamespaces(machine: Machine): Answer {
  if (!machine.exists("/proc/self/ns/user")) return no("this kernel was built without them");
  const most = machine.read(LIMIT);
  if (most === "0") {
    return no(`${LIMIT} is 0`, { hint: "sysctl user.max_user_namespaces=15000" });
  }
  return yes(most === null ? null : `at most ${most} for each user`);
}

/** What systems beyond the kernel's own limit have forbidden them by. */
function unprivileged(machine: Machine): Answer {
  const any = userNamespaces(machine);
  if (any.available === false) return any;
  const effect = "containers need root";
  if (machine.read("/proc/sys/kernel/unprivileged_userns_clone") === "0") {
    return no("the sysctl kernel.unprivileged_userns_clone is 0", {
      effect,
      hint: "sysctl kernel.unprivileged_userns_clone=1",
    });
  }
  if (machine.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return no("AppArmor gives them no rights (kernel.apparmor_restrict_unprivileged_userns is 1)", {
      effect,
      hint:
        `give ${machine.program.name} an AppArmor profile with "userns,", or set the sysctl to 0`,
    });
  }
  return yes();
}

function idmap(machine: Machine): Answer {
  const effect = "mounts with uidMappings, idmap or ridmap are refused by the kernel";
  if (!machine.knows("mount_setattr")) return no("the kernel is older than 5.12", { effect });
  if (!isSuperuser(machine)) {
    return unknown("only root can try it", { effect: "the kernel may refuse them to this caller" });
  }
  const tried = machine.idMappings();
  const names = (some: typeof tried): string[] => [
    ...new Set(some.map(({ filesystem, folder }) => `${filesystem} (${folder})`)),
  ];
  const works = tried.filter((it) => it.works);
  const others = names(tried.filter((it) => !it.works));
  if (works.length === 0) return no(`the kernel refused it for ${others.join(", ")}`, { effect });
  const answer = yes(names(works));
  return others.length === 0 ? answer : { ...answer, effect: `refused for ${others.join(", ")}` };
}

function overlay(machine: Machine): Answer {
  if (linesOf(machine, "/proc/filesystems").includes("nodev\toverlay")) return yes();
  const modules = machine.read(`/lib/modules/${machine.release}/modules.dep`) ?? "";
  if (modules.includes("/overlay.ko")) return yes("a module, loaded when it is first used");
  return no("the kernel does not know it", {
    effect: `${machine.program.name} sandbox shows the host's files read-only`,
  });
}

function overlayUnprivileged(machine: Machine): Answer {
  const any = overlay(machine);
  if (any.available === false) return any;
  const namespaces = unprivileged(machine);
  if (namespaces.available === false) return namespaces;
  if (isAtLeast(machine, 5, 11)) return yes();
  return no("the kernel is older than 5.11");
}

function memfd(machine: Machine): Answer {
  const mode = machine.read("/proc/sys/vm/memfd_noexec");
  if (mode !== "2") return yes();
  return no("the sysctl vm.memfd_noexec is 2", {
    effect: NO_CONTAINERS,
    hint: "sysctl vm.memfd_noexec=1",
  });
}
