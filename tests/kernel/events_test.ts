import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { Follower } from "tests/support/follower.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { exec, execSh, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

interface Stats {
  readonly type: string;
  readonly id: string;
  readonly data: {
    readonly cpu: { readonly usage: { readonly total: number } };
    readonly memory: { readonly usage: { readonly limit: number; readonly usage: number } };
    readonly pids: { readonly current: number };
    readonly [key: string]: unknown;
  };
}

/** The folder of a container's cgroup that has the memory controller. */
function memoryFolder(stage: Stage, { id }: Container): string {
  const { hierarchies } = hostLayout();
  const tree = hierarchies.find(({ controllers }) => controllers.includes("memory")) ??
    hierarchies.find(({ version }) => version === 2);
  return `${tree?.mountpoint}${stage.cgroup}/${id}`;
}

/** Lets a container have so many bytes of memory, and no swap. */
function limitMemory(dir: string, bytes: number): void {
  const files = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max"];
  for (const [file, value] of [...files.map((file) => [file, bytes]), ["memory.swap.max", 0]]) {
    try {
      Deno.writeTextFileSync(`${dir}/${file}`, String(value), { create: false });
    } catch (cause) {
      // Files of the other version, or of a kernel that does not count swap.
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    }
  }
}

/** Busybox keeps all that it reads here. */
const MEMORY_HOG = ["sh", "-c", "x=$(dd if=/dev/urandom bs=1M count=64 2>/dev/null | od)"];

/** Uses the CPU for longer than the tick of the coarsest clock by which a kernel counts, which is 10 ms. */
function useCpu(stage: Stage, container: Container): void {
  execSh(stage, container, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
}

containerTest("events --stats tells what a container uses, in one line", (stage) => {
  const c = sleeper(stage);
  useCpu(stage, c);
  const { code, stdout, stderr } = c.do("events", "--stats");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^\{"type":"stats","id":"c1","data":\{"cpu":\{"usage":\{[^\n]+\}\n$/);
  const { data } = JSON.parse(stdout) as Stats;
  const keys = "cpu cpuset memory pids blkio hugetlb intel_rdt network_interfaces".split(" ");
  assertEquals(Object.keys(data), keys);
  assertEquals(data.pids.current, 1);
  assert(data.cpu.usage.total > 0, "it has used the CPU");
  const limit = 32 * 1024 * 1024;
  limitMemory(memoryFolder(stage, c), limit);
  const { memory } = (JSON.parse(c.do("events", "--stats").stdout) as Stats).data;
  assertEquals(memory.usage.limit, limit);
  assert(memory.usage.usage > 0, "it uses memory");
});

containerTest(
  "events writes a line after each interval, until the container ends",
  async (stage) => {
    const c = sleeper(stage);
    await using events = new Follower(stage, c, "--interval", "100ms");
    for (let i = 0; i < 3; i++) {
      assertMatch(
        await events.line() ?? "",
        /^\{"type":"stats","id":"c1",/,
      );
    }
    assertEquals(c.do("kill", "KILL").code, 0);
    while (await events.line() !== null);
    assertEquals((await events.child.status).code, 0);
  },
);

containerTest(
  "events ends when the container is deleted, however long its interval",
  async (stage) => {
    const c = sleeper(stage);
    await using events = new Follower(stage, c, "--interval", "3s");
    await events.next("stats");
    const start = performance.now();
    assertEquals(stage.ocirt(["delete", "--force", c.id]).code, 0);
    assertEquals(await events.line(), null);
    assertEquals((await events.child.status).code, 0);
    assert(performance.now() - start < 2000, "it did not wait for the interval");
  },
);

containerTest("events tells each time that a container runs out of memory", async (stage) => {
  const c = sleeper(stage);
  await using events = new Follower(stage, c, "--interval", "50ms");
  await events.next("stats");
  limitMemory(memoryFolder(stage, c), 8 * 1024 * 1024);
  for (let i = 0; i < 2; i++) {
    assertEquals(exec(stage, c, { args: MEMORY_HOG }).code === 0, false);
    assertEquals(await events.next("oom"), '{"type":"oom","id":"c1"}');
  }
});

containerTest("the end of a container is told with its reason, a lack of memory", async (stage) => {
  const c = stage.container((config) => config.process.args = MEMORY_HOG).create();
  limitMemory(memoryFolder(stage, c), 8 * 1024 * 1024);
  await using events = new Follower(stage, c, "--interval", "50ms");
  await events.next("stats");
  c.start();
  assertEquals(await events.next("oom"), '{"type":"oom","id":"c1"}');
});

containerTest("events of a created and of a paused container are told too", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "1000"]).create();
  assertEquals(c.do("events", "--stats").code, 0);
  c.start();
  assertEquals(c.do("pause").code, 0);
  assertEquals(c.do("events", "--stats").code, 0);
  assertEquals(c.do("resume").code, 0);
});

containerTest(
  "a signal ends events at once, and so does a reader that goes away",
  async (stage) => {
    const c = sleeper(stage);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using events = new Follower(stage, c, "--interval", "20ms");
      await events.next("stats");
      events.child.kill(signal);
      assertEquals((await events.child.status).signal, signal);
    }
    await using events = new Follower(stage, c, "--interval", "1h");
    await events.stopReading();
    assertEquals((await events.child.status).code, 0);
  },
);

/** Whether the kernel says how a process ended that its parent has reaped (pidfd_open(2), PIDFD_INFO_EXIT): Linux 6.15. */
function tellsStatus(): boolean {
  const [major = 0, minor = 0] = Deno.osRelease().split(".").map(Number);
  return major > 6 || major === 6 && minor >= 15;
}

containerTest("events --lifecycle tells each status once, and how it ended", async (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "1000"]).create();
  await using events = new Follower(stage, c, "--lifecycle");
  const told = (type: string): string => `{"type":"${type}","id":"c1"}`;
  assertEquals(await events.line(), told("created"));
  c.start();
  assertEquals(await events.line(), told("running"));
  for (let i = 0; i < 2; i++) {
    assertEquals(c.do("pause").code, 0);
    assertEquals(await events.line(), told("paused"));
    assertEquals(c.do("resume").code, 0);
    assertEquals(await events.line(), told("running"));
  }
  assertEquals(c.do("kill", "KILL").code, 0);
  const data = tellsStatus() ? ',"data":{"exitStatus":137}' : "";
  assertEquals(await events.line(), `{"type":"exited","id":"c1"${data}}`);
  assertEquals(await events.line(), null);
});

containerTest("events waits without using the CPU", async (stage) => {
  const c = sleeper(stage);
  await using events = new Follower(stage, c, "--interval", "2s");
  const ticks = (): number => {
    const stat = Deno.readTextFileSync(`/proc/${events.child.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  await events.next("stats");
  const before = ticks();
  await events.next("stats");
  // One that does not wait uses two hundred.
  assert(ticks() - before <= 20, `it has used ${ticks() - before} ticks`);
});

containerTest("events of a container that has stopped is refused in runc's words", (stage) => {
  const c = stage.container().create().start().await("stopped");
  for (const flags of [[], ["--stats"]]) {
    const result = c.do("events", ...flags);
    assertEquals([result.code, result.stdout], [1, ""]);
    assertEquals(messageOf(result), "container with id c1 is not running");
  }
  assertEquals(messageOf(stage.ocirt(["events", "c9"])), "container does not exist");
});

containerTest("an interval that is none is refused", (stage) => {
  const c = sleeper(stage);
  for (const interval of ["0", "0s", "-1s"]) {
    const result = c.do("events", "--interval", interval);
    assertEquals(result.code, 1);
    assertEquals(messageOf(result), "duration interval must be greater than 0");
  }
  assertMatch(
    messageOf(c.do("events", "--interval", "5")),
    /^Cannot use flag --interval: "5" is no duration; hint: /,
  );
});
