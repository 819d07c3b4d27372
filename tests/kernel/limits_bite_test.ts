import { assert, assertEquals, assertMatch } from "@std/assert";
import { controllerPlace, readText } from "tests/support/limit_files.ts";
import { containerTest } from "tests/support/stage.ts";

const MIB = 2 ** 20;

/** Shell lines run with limits. */
function limitedTest(
  name: string,
  { controller, resources, script, check }: {
    readonly controller: string;
    readonly resources: object;
    readonly script: string;
    readonly check: (result: { code: number; stdout: string; stderr: string }) => void;
  },
): void {
  containerTest(name, (stage) => {
    const c = stage.container((config) => {
      config.process.args = ["sh", "-c", script];
      config.linux["resources"] = resources;
    });
    check(c.run());
  }, `cgroup:${controller}`);
}

limitedTest("a process that takes more memory than its limit is killed", {
  controller: "memory",
  resources: { memory: { limit: 16 * MIB, swap: 16 * MIB } },
  script: "dd if=/dev/zero of=/dev/null bs=8M count=1 2>/dev/null && echo small; " +
    "dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?",
  check: ({ code, stdout }) => assertEquals({ code, stdout }, { code: 0, stdout: "small\n137\n" }),
});

limitedTest("no more processes are made than the limit allows", {
  controller: "pids",
  resources: { pids: { limit: 4 } },
  script: "for i in 1 2 3 4 5 6; do sleep 5 & done; echo made",
  check: ({ code, stdout, stderr }) => {
    assert(code !== 0);
    assertEquals(stdout, "");
    assertMatch(stderr, /fork.*Resource temporarily unavailable/);
  },
});

limitedTest("a limit of one process lets the container's own run", {
  controller: "pids",
  resources: { pids: { limit: 0 } },
  script: "echo alone; sleep 0 & echo not",
  check: ({ stdout }) => assertEquals(stdout, "alone\n"),
});

containerTest("a process that wants more CPU time than its quota waits", (stage) => {
  const place = controllerPlace("cpu");
  assert(place !== null);
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", "while :; do :; done"];
    config.linux["resources"] = { cpu: { quota: 5000, period: 100_000 } };
  }).create().start();
  const stat = `${place.dirOf(stage, c)}/cpu.stat`;
  const throttled = (): number =>
    Number(/^nr_throttled (\d+)$/m.exec(readText(stat) ?? "")?.[1] ?? "0");
  const end = performance.now() + 20_000;
  while (throttled() < 5) assert(performance.now() < end, readText(stat) ?? "no cpu.stat");
}, "cgroup:cpu");
