import { assertEquals } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { Edit } from "tests/support/bundle.ts";
import { execSh, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const QUIET = { code: 0, stdout: "", stderr: "" };

/** Without a network namespace: to hold back packets criu needs programs that a machine may not have. */
const plain: Edit = ({ linux }) => {
  linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
  delete linux["resources"];
};

/** CRIU interrupts a system call that waits for a time, so one that sleeps once only would end when it is restored. */
const LASTING = ["sh", "-c", "while :; do sleep 1000; done"];

function checkpoint(stage: Stage, c: Container): void {
  assertEquals(c.do("checkpoint", "--image-path", `${stage.dir}/images`), QUIET);
}

function restore(stage: Stage, c: Container, ...flags: readonly string[]): void {
  const args = ["restore", "--detach", "--bundle", c.bundle, "--image-path", `${stage.dir}/images`];
  assertEquals(stage.ocirt([...flags, ...args, c.id]), QUIET);
}

function cgroupOf(process: number | "self"): string {
  return Deno.readTextFileSync(`/proc/${process}/cgroup`);
}

containerTest(
  "a restored container is in its delegated cgroup again",
  (stage) => {
    const c = sleeper(stage, (config) => {
      plain(config);
      config.process.args = LASTING;
      config["annotations"] = { "run.oci.delegate-cgroup": "payload" };
      config.linux.namespaces.push({ type: "cgroup" });
    });
    checkpoint(stage, c);
    restore(stage, c);
    const own = `${stage.cgroup}/${c.id}/payload`;
    assertEquals(cgroupOf(c.state().pid), `0::${own}\n`);
    const script = "cat /proc/1/cgroup /proc/self/cgroup";
    assertEquals(execSh(stage, c, script), "0::/payload\n".repeat(2));
    // What it does there meanwhile is kept too.
    const directory = `${hostLayout().hierarchies[0]?.mountpoint}${own}`;
    Deno.mkdirSync(`${directory}/below`);
    for (const pid of Deno.readTextFileSync(`${directory}/cgroup.procs`).trim().split("\n")) {
      Deno.writeTextFileSync(`${directory}/below/cgroup.procs`, pid);
    }
    Deno.writeTextFileSync(`${directory}/cgroup.subtree_control`, "+pids");
    checkpoint(stage, c);
    restore(stage, c);
    assertEquals(cgroupOf(c.state().pid), `0::${own}/below\n`);
    // CRIU hands no controllers on: the one above takes processes again.
    assertEquals(execSh(stage, c, script), "0::/payload/below\n0::/payload\n");
    assertEquals(c.do("delete", "--force"), QUIET);
    assertEquals(stage.cgroups().filter((dir) => dir.includes(`/${c.id}`)), []);
  },
  "criu",
  "cgroup2 alone",
);

containerTest("a container without cgroups is written and restored without any", (stage) => {
  const c = stage.container((config) => {
    plain(config);
    config.process.args = LASTING;
  });
  const manager = "--cgroup-manager=disabled";
  assertEquals(stage.ocirt([manager, "run", "--detach", "--bundle", c.bundle, c.id]), QUIET);
  checkpoint(stage, c);
  restore(stage, c, manager);
  assertEquals(c.state().status, "running");
  assertEquals(cgroupOf(c.state().pid), cgroupOf("self"));
  assertEquals(stage.cgroups(), []);
  assertEquals(c.do("delete", "--force"), QUIET);
}, "criu");
