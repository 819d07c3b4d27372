import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

interface Folder {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly dir: string;
}

/** A running container, and its cgroup's folders. */
function running(stage: Stage): { readonly c: Container; readonly folders: readonly Folder[] } {
  const c = stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
  });
  c.create().start();
  const folders = hostLayout().hierarchies.map(({ version, controllers, mountpoint }) => ({
    version,
    controllers,
    dir: `${mountpoint}${stage.cgroup}/${c.id}`,
  }));
  return { c, folders };
}

function makeBelow({ dir, controllers }: Folder, path: string): void {
  Deno.mkdirSync(`${dir}/${path}`);
  if (!controllers.includes("cpuset")) return;
  // One without CPUs takes no process (cgroup-v1/cpusets).
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    Deno.writeTextFileSync(`${dir}/${path}/${file}`, Deno.readTextFileSync(`${dir}/${file}`));
  }
}

/** Where the processes of `exec` with these flags are, by tree: what stands behind the container's own cgroup. */
function placesOf(stage: Stage, c: Container, ...flags: readonly string[]): string[] {
  const args = ["exec", ...flags, c.id, "cat", "/proc/self/cgroup"];
  const { code, stdout, stderr } = stage.ocirt(args);
  assertEquals([code, stderr], [0, ""]);
  const base = `${stage.cgroup}/${c.id}`;
  // The kernel tells of trees, too, that are mounted nowhere.
  const mounted = hostLayout().hierarchies.map(({ controllers }) => controllers.join(","));
  return stdout.trimEnd().split("\n").flatMap((line) => {
    const [, names = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (!mounted.includes(names)) return [];
    return [path.startsWith(base) ? path.slice(base.length) : path];
  });
}

function failure(stage: Stage, c: Container, ...flags: readonly string[]): string {
  const result: Result = stage.ocirt(["exec", ...flags, c.id, "true"]);
  assertEquals([result.code, result.stdout], [255, ""]);
  return messageOf(result);
}

function onlyIn(folders: readonly Folder[], wanted: Folder | undefined, path: string): string[] {
  return folders.map((folder) => folder === wanted ? path : "");
}

containerTest("exec joins the container's cgroups, or the one below that is asked for", (stage) => {
  const { c, folders } = running(stage);
  const top = folders.map(() => "");
  assertEquals(placesOf(stage, c), top);
  assertEquals(placesOf(stage, c, "--cgroup", "/"), top);
  for (const folder of folders) {
    makeBelow(folder, "sub");
    makeBelow(folder, "sub/deep");
  }
  const deep = folders.map(() => "/sub/deep");
  assertEquals(placesOf(stage, c, "--cgroup", "sub/deep"), deep);
  assertEquals(placesOf(stage, c, "--cgroup", "/sub/../sub/deep/"), deep);
});

containerTest("exec joins a cgroup below in the tree of a controller that is named", (stage) => {
  const { c, folders } = running(stage);
  const named = folders.filter(({ controllers }) => controllers.length > 0);
  const [first, second] = named;
  assert(first !== undefined && second !== undefined);
  for (const folder of [first, second]) makeBelow(folder, "sub");
  const one = ["--cgroup", `${first.controllers.join(",")}:sub`];
  assertEquals(placesOf(stage, c, ...one), onlyIn(folders, first, "/sub"));
  const both = folders.map((folder) => folder === first || folder === second ? "/sub" : "");
  assertEquals(placesOf(stage, c, ...one, "--cgroup", `${second.controllers[0]}:/sub`), both);
  assertMatch(
    failure(stage, c, "--cgroup", `${first.controllers[0]}:none`),
    / adding pid .*: open .*\/none\/cgroup.procs: no such file or directory$/,
  );
}, "cgroup1");

containerTest("a cgroup that is not below, or not there, is refused in runc's words", (stage) => {
  const { c } = running(stage);
  for (const path of ["..", `../${c.id}2`, "sub/../../x"]) {
    assertMatch(failure(stage, c, "--cgroup", path), /bad sub cgroup path: /);
  }
  assertMatch(
    failure(stage, c, "--cgroup", "none"),
    /error adding pid .* to cgroups: open .*\/none\/cgroup.procs: no such file or directory$/,
  );
  assertMatch(failure(stage, c, "--cgroup", "whaaat:/"), /unknown controller whaaat /);
  assertMatch(failure(stage, c, "--cgroup", "a", "--cgroup", "b"), /missing <controller>: prefix/);
  assertMatch(failure(stage, c, "--cgroup", ":a"), /empty <controller> prefix/);
  assertMatch(
    failure(stage, c, "--cgroup", "pids:a", "--cgroup", "pids:b"),
    /controller pids specified multiple times/,
  );
});

containerTest("where the version 2 cgroup takes no process, the init's own does", (stage) => {
  const { c, folders } = running(stage);
  const unified = folders.find(({ version }) => version === 2);
  assert(unified !== undefined);
  const other = `${unified.dir}-other`;
  Deno.mkdirSync(other);
  Deno.writeTextFileSync(`${other}/cgroup.procs`, String(c.state().pid));
  Deno.removeSync(unified.dir);
  const moved = `${stage.cgroup}/${c.id}-other`.slice(`${stage.cgroup}/${c.id}`.length);
  assertEquals(placesOf(stage, c), onlyIn(folders, unified, moved));
  assertMatch(
    failure(stage, c, "--cgroup", "/"),
    / adding pid .* to cgroups: open .*: no such file or directory$/,
  );
}, "cgroup2");

containerTest("a process of exec keeps the caller's umask unless one is configured", (stage) => {
  const umaskOf = (umask: number | null, ...flags: readonly string[]): string => {
    const c = stage.container((config) => {
      config.process.args = ["sleep", "1000"];
      if (umask !== null) config.process.user["umask"] = umask;
    });
    c.create().start();
    const script = `umask 0037; exec "$0" --root ${stage.root} exec "$@"`;
    const words = flags.length === 0 ? [c.id, "sh", "-c", "umask"] : [...flags, c.id];
    const { stdout, stderr } = runProgram(["/bin/sh", "-c", script, OCIRT, ...words]);
    assertEquals(stderr, "");
    return stdout;
  };
  assertEquals(umaskOf(null), "0037\n");
  assertEquals(umaskOf(0o077), "0077\n");
  const file = `${stage.dir}/process.json`;
  const write = (user: object): void => {
    const env = ["PATH=/bin"];
    Deno.writeTextFileSync(
      file,
      JSON.stringify({ args: ["sh", "-c", "umask"], cwd: "/", env, user }),
    );
  };
  write({ uid: 0, gid: 0, umask: 0o002 });
  assertEquals(umaskOf(0o077, "--process", file), "0002\n");
  write({ uid: 0, gid: 0 });
  assertEquals(umaskOf(0o077, "--process", file), "0077\n");
  assert(stage.cgroups().length > 0);
});
