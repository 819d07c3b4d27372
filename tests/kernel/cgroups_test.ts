import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { HostError, StateError } from "runtime/base/errors.ts";
import type { CgroupDriver } from "runtime/cgroups/driver.ts";
import { fromRecord } from "runtime/cgroups/from_record.ts";
import { fsDriver } from "runtime/cgroups/fs_driver.ts";
import type { Hierarchy } from "runtime/cgroups/hierarchies.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { killAll } from "runtime/cgroups/kill.ts";
import { placeContainer } from "runtime/cgroups/place.ts";
import type { Pid } from "syscalls/abi/brand.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { spawn, waitPid, type WaitStatus } from "syscalls/libc/process.ts";

const PARENT = `/ocirt-test-${Deno.pid}-${Math.floor(performance.now() * 1000)}`;

function driver(name: string): CgroupDriver {
  return fsDriver(placeContainer(hostLayout(), `${PARENT}/${name}`, name), "fail");
}

/** Runs a test with processes to put into cgroups; kills them and removes every test cgroup afterwards. */
function withProcesses(test: (start: () => Pid) => void): void {
  const started: Pid[] = [];
  try {
    test(() => {
      const pid = spawn({ executable: "/bin/sleep", argv: ["sleep", "60"], environ: [] });
      started.push(pid);
      return pid;
    });
  } finally {
    for (const pid of started) {
      try {
        Deno.kill(pid, "SIGKILL");
        waitPid(pid, { block: true });
      } catch {
        // The test has ended it.
      }
    }
    removeTestCgroups();
  }
}

function removeTestCgroups(): void {
  for (const { mountpoint } of hostLayout().hierarchies) removeTree(mountpoint + PARENT);
}

function removeTree(dir: string): void {
  if (!exists(dir)) return;
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (isDirectory) removeTree(`${dir}/${name}`);
  }
  Deno.removeSync(dir);
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}

function ended(pid: Pid): WaitStatus | null {
  return waitPid(pid, { block: true });
}

const KILLED: WaitStatus = { kind: "signaled", signal: SIGNALS.SIGKILL, core: false };

Deno.test("a container's cgroups are made in every tree, joined, emptied and removed with their parents", () => {
  withProcesses((start) => {
    const cgroup = driver("a/b");
    const planned = cgroup.missing();
    assertEquals(planned.length, 3 * cgroup.directories.length);
    cgroup.create();
    assertEquals(cgroup.created, planned);
    assertEquals(cgroup.missing(), []);
    const pid = start();
    cgroup.join(pid);
    const member = Deno.readTextFileSync(`/proc/${pid}/cgroup`).trim().split("\n");
    for (const line of member) assert(line.endsWith(`:${PARENT}/a/b`), line);
    assertEquals(cgroup.pids(), [pid]);
    killAll(cgroup, SIGNALS.SIGKILL);
    assertEquals(ended(pid), KILLED);
    cgroup.remove();
    assertEquals(planned.filter(exists), []);
  });
});

Deno.test("a process with one thread can join by itself through the files that selfJoin names", () => {
  withProcesses(() => {
    const cgroup = driver("self");
    cgroup.create();
    const { tasks, unified } = cgroup.selfJoin;
    const files = unified === null ? tasks : [...tasks, `${unified}/cgroup.procs`];
    const script = [
      "exec 3</proc/self/cgroup",
      "for f do echo 0 > $f || exit 2; done",
      `test "$(grep -vc ':${PARENT}/self$' <&3)" = 0`,
    ];
    const pid = spawn({
      executable: "/bin/sh",
      argv: ["sh", "-c", script.join("; "), "sh", ...files],
      environ: ["PATH=/usr/bin:/bin"],
    });
    assertEquals(ended(pid), { kind: "exited", code: 0 });
    cgroup.remove();
  });
});

Deno.test("removeUnused() removes what nobody is in, and says when somebody is", () => {
  withProcesses((start) => {
    const cgroup = driver("unused/x");
    const planned = cgroup.missing();
    cgroup.create();
    const known = fromRecord({ cgroups: cgroup.directories, cgroupCreated: cgroup.created });
    const process = start();
    known.join(process);
    assertEquals(known.removeUnused(), false);
    assertEquals(known.pids(), [process]);
    killAll(known, SIGNALS.SIGKILL);
    ended(process);
    assertEquals(known.removeUnused(), true);
    assertEquals(planned.filter(exists), []);
    const notOurs = fromRecord({ cgroups: cgroup.directories, cgroupCreated: [] });
    assertEquals(notOurs.removeUnused(), false);
  });
});

Deno.test("create() refuses a cgroup that has processes, in its own words, and leaves it alone", () => {
  withProcesses((start) => {
    const first = driver("busy");
    first.create();
    first.join(start());
    const second = driver("busy");
    const error = assertThrows(() => second.create(), StateError);
    assertEquals(error.message, "container's cgroup is not empty: 1 process(es) found");
    assertEquals(first.directories.filter(exists), first.directories);
  });
});

Deno.test("an empty cgroup that was there before is used and not removed, its new sibling is", () => {
  withProcesses(() => {
    const owner = driver("before");
    owner.create();
    const guest = driver("before");
    guest.create();
    assertEquals(guest.created, []);
    guest.remove();
    assertEquals(owner.directories.filter(exists), owner.directories);
    owner.remove();
    assertEquals(owner.directories.filter(exists), []);
  });
});

Deno.test("a parent that another container uses by now stays", () => {
  withProcesses(() => {
    const first = driver("shared/one");
    const second = driver("shared/two");
    first.create();
    second.create();
    first.remove();
    assertEquals(first.directories.filter(exists), []);
    assertEquals(second.directories.filter(exists), second.directories);
    second.remove();
  });
});

Deno.test("cgroups that the container made inside are counted, killed in and removed", () => {
  withProcesses((start) => {
    const cgroup = driver("nested");
    cgroup.create();
    const inner = cgroup.directories.map((dir) => `${dir}/in/ner`);
    const pid = start();
    // Version 1 cpusets of their own would have to be filled first.
    const joined = inner.filter((dir) => !dir.includes("/cpuset"));
    for (const dir of inner) Deno.mkdirSync(dir, { recursive: true });
    for (const dir of joined) Deno.writeTextFileSync(`${dir}/cgroup.procs`, String(pid));
    const known = fromRecord({ cgroups: cgroup.directories, cgroupCreated: cgroup.created });
    assertEquals(known.pids(), [pid]);
    killAll(known, SIGNALS.SIGKILL);
    assertEquals(ended(pid), KILLED);
    known.remove();
    assertEquals(cgroup.directories.filter(exists), []);
    known.remove();
  });
});

Deno.test("remove() gives up after a second and names the processes left", () => {
  withProcesses((start) => {
    const cgroup = driver("stuck");
    cgroup.create();
    const pid = start();
    cgroup.join(pid);
    const before = performance.now();
    const error = assertThrows(() => cgroup.remove(), StateError);
    assertMatch(error.message, new RegExp(`EBUSY .*process\\(es\\) ${pid} are still in it`));
    assert(performance.now() - before > 900);
    killAll(cgroup, SIGNALS.SIGKILL);
    ended(pid);
    cgroup.remove();
    assertEquals(cgroup.directories.filter(exists), []);
  });
});

Deno.test("create() refuses a frozen cgroup and takes away what it made", () => {
  withProcesses(() => {
    const outer = driver("cold");
    outer.create();
    for (const dir of outer.directories) freeze(dir);
    const inner = driver("cold/inner");
    const error = assertThrows(() => inner.create(), StateError);
    assertEquals(error.message, "container's cgroup unexpectedly frozen");
    assertEquals(inner.directories.filter(exists), []);
    outer.remove();
  });
});

/** In whichever way the tree has: version 1 alone has freezer.state, and only its freezer. */
function freeze(dir: string): void {
  for (const [file, word] of [["freezer.state", "FROZEN"], ["cgroup.freeze", "1"]] as const) {
    try {
      Deno.writeTextFileSync(`${dir}/${file}`, word, { create: false });
    } catch (cause) {
      const missing = cause instanceof Deno.errors.NotFound ||
        cause instanceof Deno.errors.PermissionDenied;
      if (!missing) throw cause;
    }
  }
}

Deno.test("a tree that may not be written to is an error that names it, or left out where that is asked", () => {
  const hierarchy: Hierarchy = {
    version: 2,
    controllers: [],
    mountpoint: "/proc/nowhere",
    root: "/",
    own: "/",
  };
  const places = [{ hierarchy, dir: "/proc/nowhere/c1" }];
  const error = assertThrows(() => fsDriver(places, "fail").create(), HostError);
  assertMatch(error.message, /^Cannot create cgroup \/proc\/nowhere.*: ENOENT .*hint: /);
  const skipping = fsDriver(places, "skip");
  skipping.create();
  assertEquals(skipping.directories, []);
});

Deno.test("without any cgroup file system create() says what to mount", () => {
  assertThrows(() => fsDriver([], "fail").create(), HostError, "mount cgroup2");
});
