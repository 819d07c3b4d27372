import { assert, assertEquals } from "@std/assert";
import { adoptOrphans, leavingNothing, leftovers } from "tests/support/leftovers.ts";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** Containers one after another, and at once. */
const MANY = 300;
const AT_ONCE = 30;

function descriptors(pid: number): string[] {
  return Array.from(Deno.readDirSync(`/proc/${pid}/fd`), ({ name }) => name).sort();
}

function sleeper(stage: Stage): Container {
  return stage.container((config) => config.process.args = ["sleep", "1000"]);
}

containerTest("the init runs from a sealed memory file, not from a file of the host's", (stage) => {
  const { pid } = stage.container().create().state();
  assertEquals(Deno.readLinkSync(`/proc/${pid}/exe`), "/memfd:ocirt-init (deleted)");
  const { code } = runProgram(["/bin/sh", "-c", `: >>/proc/${pid}/exe`]);
  assert(code !== 0, "the program could be opened for writing");
});

containerTest("nothing of the host's file system is mapped or open in the init", (stage) => {
  const { pid } = stage.container().create().state();
  const maps = Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n")
    .map((line) => line.slice(73)).filter((name) => name.startsWith("/"));
  assertEquals(maps.filter((name) => !name.startsWith("/memfd:")), []);
  assertEquals(Deno.readLinkSync(`/proc/${pid}/cwd`), "/");
});

/** Descriptors of a process that are files or folders outside of its own mount namespace. */
function openOutside(pid: number): string[] {
  const own = new Set(
    Deno.readTextFileSync(`/proc/${pid}/mountinfo`).split("\n").map((line) => line.split(" ")[0]),
  );
  return descriptors(pid).filter((name) => {
    const { isFile, isDirectory } = Deno.statSync(`/proc/${pid}/fd/${name}`);
    const info = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`);
    return Number(name) > 2 && (isFile || isDirectory) &&
      !own.has(/^mnt_id:\s+(\d+)$/m.exec(info)?.[1]);
  }).map((name) => Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
}

containerTest("an init that waits for start has no file or folder of the host's open", (stage) => {
  // Who shares its pid namespace could reach them by /proc/PID/fd, and the host by `..` from there.
  const c = stage.container((config) => config.linux["sysctl"] = { "net.ipv4.ip_forward": "1" });
  assertEquals(openOutside(c.create().state().pid), []);
});

containerTest("only standard input, output and error are open in the program", (stage) => {
  const { pid } = sleeper(stage).create().start().state();
  assertEquals(descriptors(pid), ["0", "1", "2"]);
});

containerTest("descriptors that the caller has open do not reach the program", (stage) => {
  const [created, ran] = [sleeper(stage), sleeper(stage)];
  const script = `exec 3</etc/passwd 9</ 77>/dev/null; "$0" --root ${stage.root} "$@"`;
  const sh = (...args: string[]): void =>
    assertEquals(runProgram(["/bin/bash", "-c", script, OCIRT, ...args]).stderr, "");
  sh("create", "-b", created.bundle, created.id);
  sh("start", created.id);
  sh("run", "--detach", "-b", ran.bundle, ran.id);
  for (const c of [created, ran]) assertEquals(descriptors(c.state().pid), ["0", "1", "2"]);
});

containerTest("--preserve-fds hands on as many descriptors as asked for", (stage) => {
  const c = sleeper(stage);
  const script = `exec 3</etc/passwd 4</etc/group 5</; "$0" --root ${stage.root} "$@"`;
  const args = ["create", "--preserve-fds", "2", "-b", c.bundle, c.id];
  assertEquals(runProgram(["/bin/sh", "-c", script, OCIRT, ...args]).code, 0);
  c.start();
  assertEquals(descriptors(c.state().pid), ["0", "1", "2", "3", "4"]);
  assertEquals(Deno.readLinkSync(`/proc/${c.state().pid}/fd/3`), "/etc/passwd");
});

containerTest("a created container costs at most 200 KB of memory", (stage) => {
  const { pid } = stage.container().create().state();
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const pss = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  assert(pss > 0 && pss <= 200, `${pss} KB`);
});

containerTest(`${MANY} containers one after another leave nothing behind`, (stage) => {
  const ran = stage.container();
  const managed = stage.container();
  leavingNothing(stage, () => {
    for (let i = 0; i < MANY; i++) {
      if (i % 10 === 0) {
        managed.create().start().await("stopped");
        assertEquals(managed.do("delete").code, 0);
      } else assertEquals(ran.run(), { code: 0, stdout: "", stderr: "" });
    }
  });
});

containerTest(`${AT_ONCE} containers at once leave nothing behind`, async (stage) => {
  adoptOrphans();
  const containers = Array.from({ length: AT_ONCE }, () => sleeper(stage));
  const before = leftovers(stage);
  const all = async (args: (c: Container) => string[]): Promise<void> => {
    const results = await Promise.all(containers.map((c) => stage.ocirtAsync(args(c))));
    for (const result of results) assertEquals(result, { code: 0, stdout: "", stderr: "" });
  };
  await all((c) => ["create", "-b", c.bundle, c.id]);
  await all((c) => ["start", c.id]);
  assertEquals(stage.ocirt(["list", "-q"]).stdout.split("\n").length, AT_ONCE + 1);
  await all((c) => ["delete", "--force", c.id]);
  assertEquals(leftovers(stage), before);
});

containerTest(
  "create and delete of one id by many at once leave one winner, then nothing",
  async (stage) => {
    adoptOrphans();
    const c = sleeper(stage);
    const before = leftovers(stage);
    const create = (): Promise<{ code: number }> =>
      stage.ocirtAsync(["create", "-b", c.bundle, c.id]);
    const created = await Promise.all(Array.from({ length: 8 }, create));
    assertEquals(created.filter(({ code }) => code === 0).length, 1);
    const remove = (): Promise<{ code: number }> => stage.ocirtAsync(["delete", "--force", c.id]);
    const deleted = await Promise.all(Array.from({ length: 8 }, remove));
    assert(deleted.some(({ code }) => code === 0));
    assertEquals(leftovers(stage), before);
  },
);
