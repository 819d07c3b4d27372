import { type Answer, no, type Topic, unknown, yes } from "./answer.ts";
import type { Lacking, Machine } from "./machine.ts";

/** What keeps containers in, beside namespaces. */
export const SECURITY: Topic = {
  name: "security",
  title: "Security",
  questions: [
    { name: "modules", title: "security modules", ask: modules },
    { name: "apparmor", title: "AppArmor", ask: apparmor },
    { name: "selinux", title: "SELinux", ask: selinux },
    { name: "seccompActions", title: "seccomp actions", ask: seccompActions },
    { name: "seccompFlags", title: "seccomp flags", ask: seccompFlags },
    { name: "landlock", title: "Landlock", ask: landlock },
  ],
};

function modules(machine: Machine): Answer {
  const list = machine.read("/sys/kernel/security/lsm");
  if (list !== null) return yes(list.split(","));
  return unknown("securityfs is not mounted, or may not be read", {
    hint: "mount -t securityfs securityfs /sys/kernel/security",
  });
}

/** What this version refuses is refused whatever the host has. */
function refusal(
  machine: Machine,
  lacking: Lacking,
  property: string,
): { readonly effect?: string } {
  if (!machine.program.lacks.includes(lacking)) return {};
  return { effect: `this version of the runtime refuses ${property} all the same` };
}

function apparmor(machine: Machine): Answer {
  const property = "process.apparmorProfile";
  if (machine.read("/sys/module/apparmor/parameters/enabled") === "Y") {
    return yes(null, refusal(machine, "apparmor", property));
  }
  return no("the kernel was built or started without it", { effect: `${property} is refused` });
}

function selinux(machine: Machine): Answer {
  const property = "process.selinuxLabel and linux.mountLabel";
  const enforcing = machine.read("/sys/fs/selinux/enforce");
  if (enforcing !== null) {
    const mode = enforcing === "1" ? "enforcing" : "permissive";
    return yes(mode, refusal(machine, "selinux", property));
  }
  return no("the kernel was built or started without it, or it is not mounted", {
    effect: "labels cannot be given",
  });
}

function seccompActions(machine: Machine): Answer {
  const actions = machine.read("/proc/sys/kernel/seccomp/actions_avail");
  if (actions !== null) {
    return yes(actions.split(" "), refusal(machine, "seccomp", "linux.seccomp"));
  }
  if (machine.knows("seccomp")) return unknown("/proc/sys/kernel/seccomp cannot be read");
  return no("this kernel was built without it", { effect: "linux.seccomp is refused" });
}

function seccompFlags(machine: Machine): Answer {
  if (!machine.knows("seccomp")) return no("this kernel was built without seccomp");
  return yes(machine.seccompFlags());
}

function landlock(machine: Machine): Answer {
  if (machine.knows("landlock_create_ruleset")) return yes();
  return no("the kernel was built or started without it", {
    effect: "nothing: no configuration asks for it",
  });
}
