import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TOPICS } from "runtime/lifecycle/info.ts";
import { type Answer, answers, type Topic } from "runtime/lifecycle/info/answer.ts";
import { CGROUPS } from "runtime/lifecycle/info/cgroups.ts";
import { CHECKPOINT } from "runtime/lifecycle/info/checkpoint.ts";
import { HOST, PROGRAM } from "runtime/lifecycle/info/host.ts";
import { MOUNTS, NAMESPACE_TOPIC, PROCESSES } from "runtime/lifecycle/info/kernel.ts";
import { ROOTLESS } from "runtime/lifecycle/info/rootless.ts";
import { SECURITY } from "runtime/lifecycle/info/security.ts";
import { madeUpMachine, type Oddities } from "tests/support/machine.ts";

const USER = { uid: 1000, gid: 1000, name: "me", capabilities: 0n };

function ask(topic: Topic, name: string, odd: Oddities = {}): Answer {
  const found = answers(topic, madeUpMachine(odd)).findings.find((it) => it.name === name);
  if (found === undefined) throw new Error(`There is no question ${name}`);
  return found;
}

/** What is said of something in short: the value or yes; else the reason. */
function said({ available, value, reason }: Answer): unknown {
  return available === false ? `no: ${reason}` : value ?? (available ? "yes" : reason);
}

Deno.test("names are unique, and every no and unknown has a reason", () => {
  assertEquals(new Set(TOPICS.map(({ name }) => name)).size, TOPICS.length);
  const poor = madeUpMachine({
    caller: USER,
    layout: { kind: "none", hierarchies: [] },
    writable: [],
    machine: { knows: () => false, kernel: [4, 4], release: "4.4.0" },
  });
  for (const topic of TOPICS) {
    const { findings } = answers(topic, poor);
    assertEquals(new Set(findings.map(({ name }) => name)).size, findings.length, topic.name);
    for (const { name, available, value, reason } of findings) {
      assert(available === true || value !== null || reason !== null, `${topic.name}.${name}`);
      assert(available !== false || reason !== null, `${topic.name}.${name}`);
    }
  }
});

Deno.test("a question that fails is answered with why it is not known, and the others as ever", () => {
  const machine = madeUpMachine({
    machine: {
      layout: () => {
        throw new Error("Cannot read /proc/self/cgroup: ENOENT");
      },
    },
  });
  const { findings } = answers(CGROUPS, machine);
  const [layout] = findings;
  assertEquals([layout?.available, layout?.reason], [
    null,
    "Cannot read /proc/self/cgroup: ENOENT",
  ]);
  assertEquals(findings.find(({ name }) => name === "systemd")?.available, false);
});

Deno.test("the state root counts as writable where the folder it would be made in is", () => {
  const odd = { files: { "/run": null }, caller: USER };
  assertEquals(said(ask(PROGRAM, "stateRoot", { ...odd, writable: ["/run"] })), "/run/ocirt");
  const refused = ask(PROGRAM, "stateRoot", { ...odd, writable: [] });
  assertEquals(said(refused), "no: /run cannot be written to");
  assertEquals(refused.hint, "name a folder of your own with --root, or in XDG_RUNTIME_DIR");
});

Deno.test("huge pages are told in the words of config.json", () => {
  const folder = "/sys/kernel/mm/hugepages";
  const files = {
    [`${folder}/hugepages-1048576kB`]: null,
    [`${folder}/hugepages-64kB`]: null,
    [`${folder}/hugepages-2048kB`]: null,
  };
  assertEquals(said(ask(HOST, "hugePages", { files })), ["64KB", "2MB", "1GB"]);
  assertEquals(said(ask(HOST, "hugePages")), "no: this kernel has no huge pages");
});

Deno.test("resctrl counts where the processor has it, and it is mounted", () => {
  const known = { "/proc/filesystems": "nodev\tsysfs\nnodev\tresctrl" };
  const mountinfo = "30 1 0:26 / /mnt/rdt rw - resctrl resctrl rw";
  assertEquals(
    said(ask(HOST, "resctrl", { files: { ...known, "/proc/self/mountinfo": mountinfo } })),
    "/mnt/rdt",
  );
  assertEquals(said(ask(HOST, "resctrl", { files: known })), "no: it is not mounted");
  assertEquals(
    said(ask(HOST, "resctrl")),
    "no: the processor or the kernel cannot divide caches",
  );
});

Deno.test("an old kernel is a no, with what follows", () => {
  const { available, effect } = ask(HOST, "kernel", { machine: { kernel: [5, 10] } });
  assertEquals(available, false);
  assertStringIncludes(effect ?? "", "containers cannot be made");
  assertEquals(
    said(ask(PROCESSES, "pidfd", { missingCalls: ["pidfd_getfd"] })),
    "no: this kernel, or a seccomp filter of the caller, has no pidfd_getfd",
  );
});

Deno.test("cgroups that a user may write to are told with the controllers handed on", () => {
  const parent = "/sys/fs/cgroup/user.slice";
  const files = { [`${parent}/cgroup.controllers`]: "memory pids" };
  assertEquals(said(ask(CGROUPS, "writable", { files, writable: [parent] })), ["memory", "pids"]);
  assertEquals(
    said(ask(CGROUPS, "writable", { files, writable: [] })),
    `no: ${parent} cannot be written to`,
  );
});

Deno.test("processors and memory are as the kernel has them", () => {
  const files = {
    "/sys/devices/system/cpu/online": "0-7,16",
    "/proc/meminfo": "MemTotal:       16777216 kB\nSwapTotal:             0 kB",
    "/proc/sys/kernel/version": "#1 SMP 2026",
  };
  assertEquals(said(ask(HOST, "processors", { files })), "0-7,16");
  assertEquals(said(ask(HOST, "memory", { files })), "16384 MiB");
  assertEquals(said(ask(HOST, "kernelBuild", { files })), "#1 SMP 2026");
  assertEquals(said(ask(HOST, "swap", { files })), "no: this host has no swap");
  assertEquals(ask(HOST, "memory").reason, "/proc/meminfo does not tell");
});

Deno.test("capabilities that the kernel or root does not have are named", () => {
  const last = (number: number): { files: Record<string, string> } => ({
    files: { "/proc/sys/kernel/cap_last_cap": String(number) },
  });
  assertEquals(said(ask(PROCESSES, "capabilities", last(40))), "up to CAP_CHECKPOINT_RESTORE");
  assertEquals(
    said(ask(PROCESSES, "capabilities", last(37))),
    "no: this kernel is too old for CAP_PERFMON, CAP_BPF, CAP_CHECKPOINT_RESTORE",
  );
  const caller = { capabilities: ((1n << 41n) - 1n) & ~(1n << 24n) };
  assertEquals(
    ask(PROCESSES, "capabilities", { ...last(40), caller }).effect,
    "the caller is root without CAP_SYS_RESOURCE, and can give none of them",
  );
  assertEquals(ask(PROCESSES, "capabilities", { ...last(40), caller: USER }).effect, null);
});

Deno.test("limits of swap need their file in a cgroup that is not the uppermost one", () => {
  assertEquals(ask(CGROUPS, "swapAccounting").available, false);
  const files = {
    "/sys/fs/cgroup/user.slice/session/a": null,
    "/sys/fs/cgroup/user.slice/session/a/memory.swap.max": "max",
  };
  assertEquals(ask(CGROUPS, "swapAccounting", { files }).available, true);
});

Deno.test("a bus counts where somebody listens", () => {
  const files = { "/run/systemd/system": null, "/run/user/1000/bus": "" };
  const variables = { XDG_RUNTIME_DIR: "/run/user/1000" };
  const sockets = ["/run/user/1000/bus"];
  assertEquals(said(ask(CGROUPS, "userBus", { files, variables, sockets })), "/run/user/1000/bus");
  assertEquals(ask(CGROUPS, "userBus", { files, variables }).available, false);
  assertEquals(ask(CGROUPS, "systemBus", { files, sockets }).available, false);
  const system = ["/var/run/dbus/system_bus_socket"];
  assertEquals(said(ask(CGROUPS, "systemBus", { files, sockets: system })), system[0]);
});

Deno.test("what keeps ordinary users from user namespaces is named, with what helps", () => {
  const ns = { "/proc/self/ns/user": "" };
  const without = (path: string, text: string): Answer =>
    ask(NAMESPACE_TOPIC, "unprivileged", { files: { ...ns, [`/proc/sys/${path}`]: text } });
  assertEquals(ask(NAMESPACE_TOPIC, "unprivileged", { files: ns }).available, true);
  assertEquals(ask(NAMESPACE_TOPIC, "unprivileged").available, false);
  assertEquals(
    without("user/max_user_namespaces", "0").hint,
    "sysctl user.max_user_namespaces=15000",
  );
  assertStringIncludes(
    without("kernel/unprivileged_userns_clone", "0").hint ?? "",
    "kernel.unprivileged_userns_clone=1",
  );
  assertStringIncludes(
    without("kernel/apparmor_restrict_unprivileged_userns", "1").hint ?? "",
    'an AppArmor profile with "userns,"',
  );
});

Deno.test("missing kinds of namespaces are told beside those that are there", () => {
  const files = Object.fromEntries(
    ["cgroup", "ipc", "mnt", "net", "pid", "uts"].map((name) => [`/proc/self/ns/${name}`, ""]),
  );
  const { available, value, reason } = ask(NAMESPACE_TOPIC, "types", { files });
  assertEquals([available, value], [false, ["cgroup", "ipc", "mount", "network", "pid", "uts"]]);
  assertEquals(reason, "this kernel was built without time, user");
});

Deno.test("id-mapped mounts are told by file system, and nobody but root can try", () => {
  const tried = [
    { folder: "/run", filesystem: "tmpfs", works: true },
    { folder: "/", filesystem: "nfs", works: false },
  ];
  const { value, effect } = ask(MOUNTS, "idmap", { machine: { idMappings: () => tried } });
  assertEquals([value, effect], [["tmpfs (/run)"], "refused for nfs (/)"]);
  assertEquals(ask(MOUNTS, "idmap", { caller: USER }).reason, "only root can try it");
  assertEquals(ask(MOUNTS, "idmap", { missingCalls: ["mount_setattr"] }).available, false);
});

Deno.test("overlayfs may be a module that is not loaded yet", () => {
  const modules = { "/lib/modules/6.12.0/modules.dep": "kernel/fs/overlayfs/overlay.ko.xz:" };
  assertEquals(ask(MOUNTS, "overlay", { files: modules }).available, true);
  assertEquals(
    ask(MOUNTS, "overlay", { files: { "/proc/filesystems": "nodev\toverlay\n" } }).available,
    true,
  );
  assertEquals(ask(MOUNTS, "overlay").available, false);
});

Deno.test("what this version refuses is said even where the host has it", () => {
  const files = { "/sys/module/apparmor/parameters/enabled": "Y" };
  assertEquals(ask(SECURITY, "apparmor", { files }).effect, null);
  const program = { ...madeUpMachine().program, lacks: ["apparmor", "checkpoint"] as const };
  const odd = { files, programs: ["criu"], machine: { program } };
  assertEquals(
    ask(SECURITY, "apparmor", odd).effect,
    "this version of the runtime refuses process.apparmorProfile all the same",
  );
  assertEquals(said(ask(CHECKPOINT, "criu", odd)), "/usr/bin/criu, version 4.2.1");
  assertStringIncludes(ask(CHECKPOINT, "criu", odd).effect ?? "", "no checkpoints");
});

Deno.test("a criu that checkpoint would refuse is none, and one that says nothing is not known", () => {
  const asked = (criuSays: string): Answer =>
    ask(CHECKPOINT, "criu", { programs: ["criu"], criuSays });
  assertEquals(said(asked("Version: 3.15\n")), "/usr/bin/criu, version 3.15");
  const old = asked("Version: 3.14.2\nGitID: v3.14.2\n");
  assertEquals(said(old), "no: criu 3.14.2 is too old, 3.15 or newer is needed");
  assertEquals(old.effect, "checkpoint and restore are refused");
  const dumb = asked("");
  assertEquals([dumb.available, dumb.reason], [null, "/usr/bin/criu does not tell its version"]);
});

Deno.test("subordinate ids are found by the user's name or number, and added by usermod", () => {
  const files = { "/etc/subuid": "you:1:5\nme:100000:65536\n1000:300000:10\n" };
  assertEquals(said(ask(ROOTLESS, "subuid", { files, caller: USER })), [
    "100000-165535",
    "300000-300009",
  ]);
  const missing = ask(ROOTLESS, "subgid", { files, caller: USER });
  assertEquals(said(missing), "no: /etc/subgid has no line for me");
  assertEquals(missing.hint, "usermod --add-subgids 100000-165535 me");
  assertEquals(said(ask(ROOTLESS, "subuid")), "no: root needs none");
});

Deno.test("newuidmap without the rights of root is no help", () => {
  const odd = { programs: ["newuidmap"], caller: USER };
  assertEquals(ask(ROOTLESS, "newuidmap", odd).hint, "chmod u+s /usr/bin/newuidmap");
  assertEquals(
    said(ask(ROOTLESS, "newuidmap", { ...odd, setuid: ["/usr/bin/newuidmap"] })),
    "/usr/bin/newuidmap",
  );
  assertEquals(said(ask(ROOTLESS, "newgidmap", odd)), "no: it is not in PATH");
});
