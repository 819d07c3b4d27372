import { assertEquals, assertMatch } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { stepError, stepWarning } from "runtime/launch/explain.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { Step } from "runtime/plan/step.ts";
import { planWith } from "tests/support/plan_fixtures.ts";
import type { Draft } from "tests/support/spec_fixtures.ts";

/** What is said when the step of this kind fails so. */
function said(plan: Plan, kind: Step["kind"], errno: number): string {
  const index = plan.steps.findIndex((step) => step.kind === kind);
  return stepError(plan, index, errno).message;
}

function schedulerSaid(scheduler: Draft, errno: number, cpus = ""): string {
  const plan = planWith({
    change: (config) => {
      config.process.scheduler = scheduler;
      config.linux.resources = { cpu: { cpus } };
    },
  });
  return said(plan, "setScheduler", errno).replace(/^.*; hint: /, "");
}

Deno.test("a scheduler that is refused is explained, in runc's words where the cgroup has a cpuset", () => {
  const deadline = { policy: "SCHED_DEADLINE", runtime: 2000, deadline: 3000, period: 4000 };
  assertEquals(
    schedulerSaid(deadline, ERRNO.EPERM, "0"),
    "process scheduler can't be used together with AllowedCPUs",
  );
  assertEquals(schedulerSaid(deadline, ERRNO.EPERM), "it needs CAP_SYS_NICE on the host");
  assertEquals(
    schedulerSaid({ policy: "SCHED_FIFO", priority: 1 }, ERRNO.EPERM),
    "it needs CAP_SYS_NICE on the host, and cpu.rt_runtime_us in a cgroup of version 1",
  );
  const invalid = (change: Draft): string =>
    schedulerSaid({ ...deadline, ...change }, ERRNO.EINVAL);
  assertEquals(invalid({ runtime: 1 }), "runtime must be 1024 ns at least");
  assertEquals(invalid({ deadline: 1999 }), "runtime must not be longer than deadline");
  assertEquals(invalid({ period: 2999 }), "deadline must not be longer than period");
});

Deno.test("a root that is a ramdisk, or no mount, is told with what helps", () => {
  const plan = planWith();
  assertEquals(
    said(plan, "pivotRoot", ERRNO.EINVAL),
    "Cannot pivot root to the rootfs (/root/path): EINVAL (Invalid argument); " +
      'hint: where "/" is a ramdisk (initramfs), --no-pivot does without',
  );
  assertEquals(
    said(plan, "setRootPropagation", ERRNO.EINVAL),
    'Cannot make mounts rslave at "/": EINVAL (Invalid argument); hint: "/" is no mount point, ' +
      "as after chroot(1) into a folder; bind that folder onto itself before (mount --bind DIR DIR)",
  );
});

Deno.test("a kernel without keyrings is told as what it is", () => {
  const plan = planWith();
  const index = plan.steps.findIndex(({ kind }) => kind === "joinSessionKeyring");
  assertEquals(
    stepWarning(plan, index, ERRNO.ENOSYS),
    'Cannot join session keyring "_ses.c1": ENOSYS (Function not implemented); hint: this kernel has no keyrings, ' +
      "so the process could not find the caller's keys anyway",
  );
});

Deno.test("an init that its version 2 cgroup does not take is explained", () => {
  const plan = planWith();
  assertMatch(said(plan, "forkInit", ERRNO.EBUSY), /EBUSY .*; hint: .* hands controllers on /);
  assertMatch(said(plan, "forkInit", ERRNO.EOPNOTSUPP), /; hint: the cgroup .* is threaded, or /);
  assertMatch(said(plan, "forkInit", ERRNO.EAGAIN), /; hint: a limit on the number of processes/);
  assertMatch(said(plan, "forkInit", ERRNO.ENOSPC), /; hint: a limit in \/proc\/sys\/user/);
});

Deno.test("a filter that the kernel refuses is explained", () => {
  const filter = {
    origin: "/linux/seccomp",
    program: new Uint8Array(8),
    instructions: 1,
    flags: 32n,
    flagsText: "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
    notifies: true,
  };
  const plan = planWith({ filter });
  assertEquals(
    said(plan, "installFilter", ERRNO.EACCES),
    "Cannot install seccomp filter of 1 instructions (/linux/seccomp): EACCES (Permission denied); " +
      "hint: without noNewPrivileges it takes CAP_SYS_ADMIN, which the runtime does not have",
  );
  const hint = (errno: number): string =>
    said(plan, "installFilter", errno).replace(/^.*hint: /, "");
  assertEquals(
    hint(ERRNO.EINVAL),
    'the flags are SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; "features" tells which this kernel knows',
  );
  assertMatch(hint(ERRNO.EBUSY), /there can be only one/);
  assertMatch(hint(ERRNO.ENOSYS), /no seccomp filters/);
});

Deno.test("what a user namespace cannot have or reach, and a folder for a console, are explained", () => {
  const plan = planWith({
    change: (config) => {
      config.process.terminal = true;
      config.linux.devices = [{ path: "/dev/foo", type: "b", major: 1, minor: 5 }];
      config.linux.namespaces.push({ type: "user" });
      config.linux.uidMappings = config.linux.gidMappings = [
        { containerID: 0, hostID: 100_000, size: 65_536 },
      ];
    },
  });
  const device = plan.steps.findIndex((step) =>
    step.kind === "makeDevice" && step.path === "/dev/foo"
  );
  assertEquals(
    stepError(plan, device, ERRNO.ENOENT).message,
    'Cannot make device b 1:5 at "/dev/foo" (/linux/devices/0): ENOENT (No such file or directory); ' +
      "hint: a user namespace gets the host's device of the same path, and there is none",
  );
  assertEquals(
    said(plan, "mountConsole", ERRNO.EINVAL),
    'Cannot mount terminal on "/dev/console" (/process/terminal): EINVAL (Invalid argument); ' +
      "hint: the image has a folder there",
  );
  assertMatch(
    said(plan, "openRoot", ERRNO.EACCES),
    /onto itself \(\/root\/path\): EACCES \(Permission denied\); hint: a folder above it does not let/,
  );
});
