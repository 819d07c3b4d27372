import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { ConsoleSocket } from "tests/support/console_socket.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";
import { readInto, setNonblocking, writeAll } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";

const QUIET: Result = { code: 0, stdout: "", stderr: "" };

/** Without a network namespace: to hold back packets criu needs programs that a machine may not have. */
function hostNetwork(config: TestConfig): void {
  const { linux } = config;
  linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
}

/** Writes numbers, one more each time, to the file that only it has. */
const COUNT = "i=0; while :; do i=$((i+1)); echo $i > /tmp/n; sleep 0.02; done";

/** A container that runs shell lines, with a /tmp that is in no file system of the host's. */
function shell(stage: Stage, script: string, edit: Edit = (): void => {}): Container {
  return stage.container((config) => {
    hostNetwork(config);
    config.process.args = ["sh", "-c", script];
    config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs" });
    edit(config);
  });
}

function run(container: Container, ...flags: readonly string[]): Container {
  assertEquals(container.run("--detach", ...flags), QUIET);
  return container;
}

/** What the counter of a container has come to; waits until it is there. */
function counted(stage: Stage, id: string, root = stage.root): number {
  for (const end = performance.now() + 20_000; performance.now() < end;) {
    const { stdout } = runProgram([OCIRT, "--root", root, "exec", id, "cat", "/tmp/n"]);
    if (Number(stdout) > 0) return Number(stdout);
  }
  throw new Error(`${id} counts nothing`);
}

/** Waits until it has come further than that. */
function countsOn(stage: Stage, id: string, from: number, root = stage.root): void {
  for (const end = performance.now() + 20_000; performance.now() < end;) {
    if (counted(stage, id, root) > from) return;
  }
  throw new Error(`${id} stays at ${counted(stage, id, root)}, from ${from}`);
}

function checkpoint(container: Container, images: string, ...flags: readonly string[]): Result {
  return container.do("checkpoint", "--image-path", images, ...flags);
}

containerTest(
  "a counter goes on in a container restored by another id and under another --root",
  (stage) => {
    const c = run(shell(stage, COUNT));
    const before = counted(stage, c.id);
    const images = `${stage.dir}/images`;
    leavingNothingRunning(stage, () => {
      assertEquals(checkpoint(c, images), QUIET);
      assertEquals(c.do("state").code, 1, "the container is gone");
      assertEquals(stage.cgroups().filter((path) => path.endsWith(c.id)), []);
    });
    const root = `${stage.dir}/elsewhere`;
    const ocirt = (...args: string[]): Result => runProgram([OCIRT, "--root", root, ...args]);
    try {
      const { bundle } = c;
      assertEquals(
        ocirt(
          "restore",
          "-d",
          "-b",
          bundle,
          "--image-path",
          images,
          "--pid-file",
          `${root}.pid`,
          "x",
        ),
        QUIET,
      );
      const state = JSON.parse(ocirt("state", "x").stdout);
      assertEquals([state.status, state.bundle], ["running", bundle]);
      assertEquals(Deno.readTextFileSync(`${root}.pid`), String(state.pid));
      assertMatch(Deno.readTextFileSync(`/proc/${state.pid}/cgroup`), new RegExp(`${c.id}$`, "m"));
      countsOn(stage, "x", before, root);
      assertEquals(ocirt("ps", "-f", "json", "x").code, 0);
      assertEquals(ocirt("events", "--stats", "x").code, 0);
      assertEquals(ocirt("pause", "x"), QUIET);
      assertEquals(ocirt("resume", "x"), QUIET);
      assertEquals(ocirt("kill", "x", "KILL"), QUIET);
    } finally {
      assertEquals(ocirt("delete", "--force", "x"), QUIET);
    }
    assertEquals(stage.mounts(), []);
  },
  "criu",
);

containerTest(
  "--leave-running writes a container that goes on, and can be written again",
  (stage) => {
    const c = run(shell(stage, COUNT));
    for (const images of ["first", "second"]) {
      const before = counted(stage, c.id);
      assertEquals(checkpoint(c, `${stage.dir}/${images}`, "--leave-running"), QUIET);
      assertEquals(c.state().status, "running");
      countsOn(stage, c.id, before);
    }
  },
  "criu",
);

containerTest("a container that was paused is still paused after --leave-running", (stage) => {
  const c = run(shell(stage, COUNT));
  counted(stage, c.id);
  assertEquals(c.do("pause"), QUIET);
  assertEquals(checkpoint(c, `${stage.dir}/images`, "--leave-running"), QUIET);
  assertEquals(c.state().status, "paused");
}, "criu");

containerTest(
  "a restored container is written and restored again, exec shares its namespaces",
  (stage) => {
    const c = run(shell(stage, COUNT));
    for (let round = 0; round < 2; round++) {
      const before = counted(stage, c.id);
      const images = `${stage.dir}/images${round}`;
      assertEquals(checkpoint(c, images), QUIET);
      assertEquals(c.launch("restore", "--detach", "--image-path", images), QUIET);
      countsOn(stage, c.id, before);
      for (const kind of ["time", "pid", "mnt", "ipc", "uts"]) {
        const link = `/proc/self/ns/${kind}`;
        const { stdout } = c.do("exec", "readlink", link);
        assertEquals(stdout, `${Deno.readLinkSync(`/proc/${c.state().pid}/ns/${kind}`)}\n`);
      }
    }
  },
  "criu",
);

containerTest(
  "restore in the foreground ends with the status of the process, and leaves nothing",
  async (stage) => {
    const c = run(
      shell(stage, "until [ -e /go/on ]; do sleep 0.02; done; echo done; exit 7", (config) => {
        config.mounts.push(bind(`${stage.dir}/go`, "/go"));
      }),
    );
    const images = `${stage.dir}/images`;
    assertEquals(checkpoint(c, images), QUIET);
    const args = ["restore", "--bundle", c.bundle, "--image-path", images, c.id];
    const ended = stage.ocirtAsync(args);
    while (c.do("state").code !== 0) await new Promise((go) => setTimeout(go, 20));
    c.await("running");
    Deno.writeTextFileSync(`${stage.dir}/go/on`, "");
    assertEquals(await ended, { code: 7, stdout: "done\n", stderr: "" });
    assertEquals([c.do("state").code, stage.mounts(), Deno.readDirSync(stage.root).next().done], [
      1,
      [],
      true,
    ]);
  },
  "criu",
);

/** A bind mount of a folder that is made for it. */
function bind(source: string, destination: string, ...options: string[]): TestConfig["mounts"][0] {
  Deno.mkdirSync(source, { recursive: true });
  return { destination, source, type: "bind", options: ["bind", ...options] };
}

containerTest(
  "bind mounts are the host's again, those inside others and below symlinks too",
  (stage) => {
    const [outer, inner] = [`${stage.dir}/outer`, `${stage.dir}/inner`];
    Deno.mkdirSync(`${outer}/below`, { recursive: true });
    assertEquals(runProgram(["mount", "--bind", outer, `${outer}/below`]).code, 0);
    Deno.symlinkSync("/real", `${stage.rootfs}/link`);
    const c = run(shell(stage, COUNT, (config) => {
      config.mounts.push(
        bind(outer, "/outer", "rbind"),
        bind(inner, "/outer/in/ner"),
        bind(inner, "/link/too", "ro"),
      );
    }));
    counted(stage, c.id);
    const images = `${stage.dir}/images`;
    assertEquals(checkpoint(c, images), QUIET);
    // Mount points in a folder of the host are made again.
    Deno.removeSync(`${outer}/in`, { recursive: true });
    assertEquals(c.launch("restore", "--detach", "--image-path", images), QUIET);
    Deno.writeTextFileSync(`${inner}/file`, "seen");
    Deno.writeTextFileSync(`${outer}/file`, "outer");
    const script =
      "cat /outer/in/ner/file /real/too/file /outer/below/file; echo x > /real/too/file";
    const { stdout, stderr } = c.do("exec", "sh", "-c", script);
    assertEquals(stdout, "seenseenouter");
    assertStringIncludes(stderr, "Read-only file system");
    assertEquals(c.do("delete", "--force"), QUIET);
    assertEquals(runProgram(["umount", `${outer}/below`]).code, 0);
  },
  "criu",
);

containerTest("a namespace that was joined by its path is joined again", (stage) => {
  const holder = run(shell(stage, COUNT));
  const { pid } = holder.state();
  const c = run(shell(stage, COUNT, ({ linux }) => {
    const joined = linux.namespaces.find(({ type }) => type === "ipc");
    if (joined !== undefined) joined.path = `/proc/${pid}/ns/ipc`;
  }));
  counted(stage, c.id);
  const images = `${stage.dir}/images`;
  assertEquals(checkpoint(c, images), QUIET);
  assertEquals(c.launch("restore", "--detach", "--image-path", images), QUIET);
  const ns = (process: number): string => Deno.readLinkSync(`/proc/${process}/ns/ipc`);
  assertEquals(ns(c.state().pid), ns(pid));
}, "criu");

containerTest("a terminal comes back by --console-socket, and what is typed arrives", (stage) => {
  const c = shell(
    stage,
    "stty -echo; echo ready; while read line; do echo got $line; done",
    (config) => {
      config.process["terminal"] = true;
    },
  );
  using socket = new ConsoleSocket(`${stage.dir}/console`);
  run(c, "--console-socket", socket.path);
  {
    using master = masterFrom(socket);
    assertMatch(readUntil(master, "ready"), /ready/);
    writeAll(master.fd, new TextEncoder().encode("one\n"));
    readUntil(master, "got one");
    assertEquals(checkpoint(c, `${stage.dir}/images`), QUIET);
  }
  const flags = ["--detach", "--image-path", `${stage.dir}/images`];
  const refused = messageOf(c.launch("restore", ...flags));
  assertMatch(refused, /without setting console socket/);
  assertEquals(c.launch("restore", ...flags, "--console-socket", socket.path), QUIET);
  using master = masterFrom(socket);
  writeAll(master.fd, new TextEncoder().encode("two\n"));
  assertMatch(readUntil(master, "got two"), /got two/);
}, "criu");

function masterFrom(socket: ConsoleSocket): OwnedFd {
  const { descriptors: [master] } = socket.receive();
  if (master === undefined) throw new Error("No descriptor came");
  return master;
}

function readUntil(master: OwnedFd, text: string): string {
  setNonblocking(master.fd);
  const space = new Uint8Array(4096);
  let shown = "";
  for (const end = performance.now() + 20_000; performance.now() < end;) {
    try {
      shown += new TextDecoder().decode(space.subarray(0, readInto(master.fd, space)));
    } catch (cause) {
      if (!/EAGAIN/.test(String(cause))) throw cause;
    }
    if (shown.includes(text)) return shown;
  }
  throw new Error(`No ${JSON.stringify(text)} in ${JSON.stringify(shown)}`);
}

containerTest(
  "restore runs prestart, createRuntime and poststart hooks, checkpoint those of poststop",
  (stage) => {
    const log = `${stage.dir}/log`;
    const hook = (name: string): unknown => ({
      path: "/bin/sh",
      args: ["sh", "-c", `echo ${name} $(grep -o '"status":"[a-z]*"' | cut -d: -f2) >> ${log}`],
    });
    const names = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    const c = run(shell(stage, COUNT, (config) => {
      config["hooks"] = Object.fromEntries(names.map((name) => [name, [hook(name)]]));
    }));
    const images = `${stage.dir}/images`;
    Deno.writeTextFileSync(log, "");
    assertEquals(checkpoint(c, images), QUIET);
    assertEquals(Deno.readTextFileSync(log), 'poststop "stopped"\n');
    Deno.writeTextFileSync(log, "");
    assertEquals(c.launch("restore", "--detach", "--image-path", images), QUIET);
    assertEquals(
      Deno.readTextFileSync(log),
      'prestart "creating"\ncreateRuntime "creating"\npoststart "running"\n',
    );
  },
  "criu",
);

containerTest("a hook that fails takes the restored container with it", (stage) => {
  const c = run(shell(stage, COUNT));
  const images = `${stage.dir}/images`;
  assertEquals(checkpoint(c, images), QUIET);
  for (const name of ["createRuntime", "poststart"]) {
    const config = JSON.parse(Deno.readTextFileSync(`${c.bundle}/config.json`));
    config.hooks = { [name]: [{ path: "/bin/false" }] };
    Deno.writeTextFileSync(`${c.bundle}/config.json`, JSON.stringify(config));
    leavingNothingRunning(stage, () => {
      const failed = messageOf(c.launch("restore", "--detach", "--image-path", images));
      assertMatch(failed, new RegExp(`error running ${name} hook #0`));
      assertEquals(c.do("state").code, 1);
    });
  }
}, "criu");

/** Asserts that no process, mount or cgroup is left of what a test does; images and logs may be. */
function leavingNothingRunning(stage: Stage, test: () => void): void {
  const mounts = stage.mounts();
  test();
  assertEquals(stage.mounts(), mounts);
  assertEquals(stage.cgroups().filter((path) => /\/c\d+$/.test(path)), []);
}

containerTest(
  "what criu cannot restore is told with the last errors of its log, and nothing is left",
  (stage) => {
    const c = run(shell(stage, COUNT));
    const images = `${stage.dir}/images`;
    assertEquals(checkpoint(c, images), QUIET);
    Deno.removeSync(`${images}/inventory.img`);
    Deno.writeTextFileSync(
      `${images}/restore.log`,
      "(00.1) Error (criu/old.c:1): of another time\n",
    );
    leavingNothing(stage, () => {
      const message = messageOf(c.launch("restore", "--detach", "--image-path", images));
      assertMatch(message, /^Cannot restore container c1: criu: .*EOF/);
      assertStringIncludes(message, `; hint: all of it is in ${images}/restore.log`);
      assert(!message.includes("another time"), message);
    });
    assertMatch(
      messageOf(c.launch("restore", "--image-path", stage.dir)),
      /^Cannot read .*descriptors\.json: ENOENT .*--image-path is the folder of a checkpoint/,
    );
  },
  "criu",
);

containerTest(
  "--pre-dump writes memory alone, and --parent-path builds on it",
  (stage) => {
    const c = run(shell(stage, COUNT));
    const before = counted(stage, c.id);
    assertEquals(checkpoint(c, `${stage.dir}/parent`, "--pre-dump"), QUIET);
    countsOn(stage, c.id, before);
    const images = `${stage.dir}/images`;
    assertEquals(checkpoint(c, images, "--parent-path", "../parent"), QUIET);
    assertEquals(Deno.readLinkSync(`${images}/parent`), "../parent");
    assertEquals(c.launch("restore", "--detach", "--image-path", images), QUIET);
    countsOn(stage, c.id, before);
  },
  "criu",
  "dirtyTracking",
);
