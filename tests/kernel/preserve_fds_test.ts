import { assertEquals, assertMatch } from "@std/assert";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const SHOW = "cd /proc/self/fd; for i in 3 4 5; do readlink $i; done; env | grep ^LISTEN_ | sort";

function shower(stage: Stage): Container {
  return stage.container((config) => {
    config.process.args = ["sh", "-c", SHOW];
    config.process.env.push("LISTEN_PID=7", "LISTEN_FDNAMES=old");
  });
}

/** Runs a command of the executable behind these shell lines; `$$` is its own pid in them. */
function behind(stage: Stage, lines: string, ...args: readonly string[]): Result {
  const script = `${lines}; exec "$0" --root ${stage.root} "$@"`;
  return runProgram(["/bin/bash", "-c", script, OCIRT, ...args]);
}

const OPEN = "exec 3</etc/passwd 4</etc/group 5</etc/hosts";

containerTest("sockets that a service manager gave come first, then those preserved", (stage) => {
  const c = shower(stage);
  const lines = `${OPEN}; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web`;
  assertEquals(behind(stage, lines, "run", "--preserve-fds", "1", "-b", c.bundle, c.id), {
    code: 0,
    stdout: "/etc/passwd\n/etc/group\nLISTEN_FDNAMES=web\nLISTEN_FDS=1\nLISTEN_PID=1\n",
    stderr: "",
  });
});

containerTest("sockets that are meant for another process are not handed on", (stage) => {
  for (const pid of ["1", "", "x$$"]) {
    const c = shower(stage);
    const lines = `${OPEN}; export LISTEN_FDS=2 LISTEN_PID=${pid}`;
    assertEquals(
      behind(stage, lines, "run", "-b", c.bundle, c.id).stdout,
      "LISTEN_FDNAMES=old\nLISTEN_PID=7\n",
    );
  }
});

containerTest("exec hands on what is preserved", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "1000"]).create().start();
  const lines = `${OPEN}; export LISTEN_FDS=1 LISTEN_PID=$$`;
  const args = ["exec", "--preserve-fds", "3", c.id, "sh", "-c", SHOW];
  assertEquals(behind(stage, lines, ...args).stdout, "/etc/passwd\n/etc/group\n/etc/hosts\n");
});

containerTest("a descriptor that the caller has not open is refused before anything", (stage) => {
  const c = shower(stage);
  const create = (lines: string, count: number): Result =>
    behind(stage, lines, "create", "--preserve-fds", String(count), "-b", c.bundle, c.id);
  const missing = create("exec 3</etc/passwd 5</etc/group", 3);
  assertEquals(missing.code, 1);
  assertMatch(
    messageOf(missing),
    /unable to stat preserved-fd 1 \(of 3\): no such file or directory$/,
  );
  // What the engine itself holds there is not the caller's.
  assertMatch(messageOf(create(":", 1)), /unable to stat preserved-fd 0 \(of 1\)/);
  const promised = create("export LISTEN_FDS=2 LISTEN_PID=$$; exec 3</", 0);
  assertMatch(messageOf(promised), /Cannot hand on descriptor 4: .*LISTEN_FDS is 2$/);
  assertMatch(
    messageOf(create("ulimit -n 256", 200)),
    /Cannot hand on 200 descriptors: .*hard limit of open files \(RLIMIT_NOFILE\) is 256$/,
  );
  assertEquals(c.do("state").code, 1);
});

/** A container in whose making descriptors are held at numbers that are known before: what it shows were others, were they mixed up. */
function holder(stage: Stage, shown: readonly number[] = []): Container {
  Deno.mkdirSync(`${stage.rootfs}/tmp/a`, { recursive: true });
  Deno.writeTextFileSync(`${stage.rootfs}/tmp/a/copied`, "");
  return stage.container((config) => {
    const links = shown.map((fd) => `readlink /proc/self/fd/${fd}`);
    config.process.args = ["sh", "-c", ["ls /tmp/a", ...links].join("; ")];
    config.root.readonly = false;
    config.process.rlimits = [];
    for (const destination of ["/tmp/a", "/tmp/b"]) {
      config.mounts.push({ destination, type: "tmpfs", source: "t", options: ["tmpcopyup"] });
    }
  });
}

containerTest("however many descriptors are preserved, all of them are", (stage) => {
  for (const count of [64, 65, 133, 197, 201, 250]) {
    const last = 2 + count;
    const c = holder(stage, [3, 34, last, last + 1]);
    const lines = `for i in {3..${last}}; do eval "exec $i</etc/group"; done`;
    const result = behind(
      stage,
      lines,
      "run",
      `--preserve-fds=${count}`,
      "-b",
      c.bundle,
      c.id,
    );
    assertEquals([count, result.stdout], [count, `copied\n${"/etc/group\n".repeat(3)}`]);
  }
});

containerTest("what the caller has open besides is in nobody's way", (stage) => {
  const c = holder(stage);
  // Up to where the program's own would come to be, and where those are that it was started with.
  for (const last of [20, 150, 170, 185, 190, 195, 199, 207, 300]) {
    const lines = `for i in {3..${last}}; do eval "exec $i</etc/group"; done; ulimit -n 1024`;
    assertEquals([last, behind(stage, lines, "run", "-b", c.bundle, c.id)], [last, {
      code: 0,
      stdout: "copied\n",
      stderr: "",
    }]);
  }
});

containerTest(
  "a low limit is the container's alone: what its caller has open takes no room",
  (stage) => {
    const c = holder(stage);
    const lines = 'ulimit -n 256; for i in {3..200}; do eval "exec $i</etc/group"; done';
    assertEquals(behind(stage, lines, "run", "-b", c.bundle, c.id), {
      code: 0,
      stdout: "copied\n",
      stderr: "",
    });
  },
);
