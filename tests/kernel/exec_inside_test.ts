import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { exec, execSh, processFile, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** The links of a process's namespaces, as the host sees them. */
function namespacesOf(pid: number | "self"): Record<string, string> {
  const names = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
  return Object.fromEntries(
    names.map((name) => [name, Deno.readLinkSync(`/proc/${pid}/ns/${name}`)]),
  );
}

/** The pid, as the host sees it, of a process that exec leaves behind. */
function detached(stage: Stage, c: Container, ...args: readonly string[]): number {
  const file = `${stage.dir}/detached.pid`;
  const flags = ["--detach", "--pid-file", file];
  assertEquals(exec(stage, c, { flags, args }), { code: 0, stdout: "", stderr: "" });
  return Number(Deno.readTextFileSync(file));
}

function withUserNamespace(stage: Stage): Edit {
  // The image's files must let root of the namespace in.
  Deno.chmodSync(stage.dir, 0o755);
  return (config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux["uidMappings"] = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: 100000, size: 65536 }];
  };
}

containerTest("exec joins every namespace that the container has", (stage) => {
  const c = sleeper(stage);
  const own = namespacesOf("self");
  const init = namespacesOf(c.state().pid);
  assertEquals(namespacesOf(detached(stage, c, "sleep", "1000")), init);
  assert(init["mnt"] !== own["mnt"] && init["pid"] !== own["pid"], "nothing to join");
});

containerTest("exec joins user and time namespaces too", (stage) => {
  const c = sleeper(stage, (config) => {
    withUserNamespace(stage)(config);
    config.linux.namespaces.push({ type: "cgroup" }, { type: "time" });
    config.linux["timeOffsets"] = { boottime: { secs: 1_000_000, nanosecs: 0 } };
  });
  const pid = detached(stage, c, "sleep", "1000");
  assertEquals(namespacesOf(pid), namespacesOf(c.state().pid));
  assert(namespacesOf(pid)["user"] !== namespacesOf("self")["user"], "no user namespace");
  assertMatch(Deno.readTextFileSync(`/proc/${pid}/status`), /^Uid:\t100000\t100000\t/m);
  assertEquals(execSh(stage, c, "id -u; cut -d. -f1 /proc/uptime").split("\n")[0], "0");
  assert(Number(execSh(stage, c, "cut -d. -f1 /proc/uptime")) > 1_000_000);
  assertEquals(execSh(stage, c, "id -u", "--user", "1000"), "1000\n");
});

containerTest("limits and powers that a process file leaves out are the container's", (stage) => {
  const script =
    "grep -E '^Cap(Eff|Bnd):' /proc/self/status; ulimit -n; cut -d' ' -f19 /proc/self/stat; " +
    "grep Cpus_allowed_list /proc/self/status";
  const c = sleeper(stage, (config) => {
    const kill = ["CAP_KILL"];
    config.process["capabilities"] = { bounding: kill, effective: kill, permitted: kill };
    config.process["rlimits"] = [{ type: "RLIMIT_NOFILE", soft: 77, hard: 78 }];
    config.process["scheduler"] = { policy: "SCHED_OTHER", nice: 7 };
    config.process["execCPUAffinity"] = { final: "0" };
  });
  const run = (properties: Record<string, unknown>): string[] => {
    const file = processFile(stage, { args: ["sh", "-c", script], ...properties });
    const { code, stdout, stderr } = exec(stage, c, { flags: ["--process", file] });
    assertEquals([code, stderr], [0, ""]);
    return stdout.trimEnd().split("\n").map((line) => line.replace(/^.*\s/, ""));
  };
  const kill = "0000000000000020";
  assertEquals(run({}), [kill, kill, "77", "7", "0"]);
  assertEquals(run({ capabilities: null, rlimits: [], scheduler: null }), [
    kill,
    kill,
    "77",
    "7",
    "0",
  ]);
  const none = "0000000000000000";
  assertEquals(
    run({
      capabilities: {},
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 70, hard: 70 }],
      scheduler: { policy: "SCHED_OTHER", nice: 9 },
    }),
    [none, none, "70", "9", "0"],
  );
});

containerTest("exec in a user namespace sets limits that its root could not", (stage) => {
  const c = sleeper(stage, (config) => {
    withUserNamespace(stage)(config);
    config.process["rlimits"] = [{ type: "RLIMIT_NOFILE", soft: 3000, hard: 4000 }];
  });
  assertEquals(execSh(stage, c, "ulimit -Sn; ulimit -Hn"), "3000\n4000\n");
});

containerTest("exec works where the container shares the host's namespaces", (stage) => {
  for (
    const shared of [["pid"], ["network", "ipc", "uts"], ["pid", "network", "ipc", "uts", "cgroup"]]
  ) {
    const c = sleeper(stage, (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) =>
        !shared.includes(type)
      );
      if (shared.includes("uts")) delete config["hostname"];
    });
    assertEquals(
      namespacesOf(detached(stage, c, "sleep", "1000")),
      namespacesOf(c.state().pid),
    );
    assertEquals(execSh(stage, c, "ls /bin/busybox"), "/bin/busybox\n");
  }
});

containerTest("exec works in a container without a mount namespace, in its root", (stage) => {
  Deno.writeTextFileSync(`${stage.rootfs}/etc/mark`, "of the container\n");
  const c = sleeper(stage, (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "mount");
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
    config.mounts = [];
  });
  assertEquals(execSh(stage, c, "cat /etc/mark; pwd"), "of the container\n/\n");
  assertEquals(exec(stage, c, { args: ["ls", "/work"] }).code, 1);
});

containerTest("exec runs in the cgroups of the container's init", (stage) => {
  const c = sleeper(stage);
  const init = Deno.readTextFileSync(`/proc/${c.state().pid}/cgroup`);
  assertMatch(init, new RegExp(`${stage.cgroup}/${c.id}`));
  const pid = detached(stage, c, "sleep", "1000");
  assertEquals(Deno.readTextFileSync(`/proc/${pid}/cgroup`), init);
});

containerTest("exec ends with the container, wherever its process is", (stage) => {
  const c = sleeper(stage, (config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  const pid = detached(stage, c, "sleep", "1000");
  assertEquals(c.do("delete", "--force").code, 0);
  let comm = "";
  try {
    // A process that has ended and that nobody has reaped yet has no memory.
    comm = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    // It is gone.
  }
  assertEquals(comm, "");
});

containerTest(
  "exec inherits limits, capabilities, user, groups, umask and scores of the container's process",
  (stage) => {
    const c = sleeper(stage, (config) => {
      config.process["rlimits"] = [{ type: "RLIMIT_NOFILE", soft: 300, hard: 400 }];
      config.process["capabilities"] = {
        bounding: ["CAP_KILL", "CAP_CHOWN"],
        permitted: ["CAP_KILL"],
      };
      config.process.user = { uid: 0, gid: 8, additionalGids: [9, 10] };
      config.process["oomScoreAdj"] = 222;
      config.process["noNewPrivileges"] = true;
    });
    const facts = "ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; " +
      "grep -E '^(Cap...|Uid|Gid|Groups|NoNewPrivs):' /proc/self/status";
    const expected = [
      "300",
      "400",
      "222",
      "Uid:\t0\t0\t0\t0",
      "Gid:\t8\t8\t8\t8",
      "Groups:\t9 10 ",
    ];
    const seen = execSh(stage, c, facts).split("\n");
    assertEquals(seen.slice(0, expected.length), expected);
    const status = Deno.readTextFileSync(`/proc/${c.state().pid}/status`);
    const ofInit = [...status.matchAll(/^(?:Cap...|NoNewPrivs):.*$/gm)].map(([line]) => line);
    assertEquals(seen.slice(expected.length, -1), ofInit);
  },
);

containerTest(
  "exec takes the configuration as it was at create, whatever config.json says now",
  (stage) => {
    const c = sleeper(stage, (config) => {
      config.process.cwd = "/etc";
      config.process.env.push("A=first");
    });
    const file = `${c.bundle}/config.json`;
    const text = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(file, text.replace('"/etc"', '"/tmp"').replace("A=first", "A=second"));
    assertEquals(execSh(stage, c, "echo $A; pwd"), "first\n/etc\n");
    Deno.removeSync(file);
    assertEquals(execSh(stage, c, "echo $A; pwd"), "first\n/etc\n");
  },
);

containerTest("HOME is that of the user of exec, from the container's passwd file", (stage) => {
  Deno.writeTextFileSync(
    `${stage.rootfs}/etc/passwd`,
    "root:x:0:0::/root:/bin/sh\nsomebody:x:1000:1000::/home/somebody:/bin/sh\n",
  );
  const c = sleeper(stage);
  assertEquals(execSh(stage, c, "echo $HOME"), "/root\n");
  assertEquals(execSh(stage, c, "echo $HOME", "--user", "1000"), "/home/somebody\n");
  assertEquals(execSh(stage, c, "echo $HOME", "--user", "1001"), "/\n");
  assertEquals(execSh(stage, c, "echo $HOME", "--env", "HOME=/given"), "/given\n");
  const file = processFile(stage, {
    args: ["sh", "-c", "echo $HOME"],
    user: { uid: 1000, gid: 1 },
  });
  assertEquals(exec(stage, c, { flags: ["--process", file] }).stdout, "/home/somebody\n");
});

containerTest("HOME is read in the container's own view of its files", (stage) => {
  const passwd = `${stage.dir}/passwd`;
  Deno.writeTextFileSync(passwd, "root:x:0:0::/mounted:/bin/sh\n");
  const c = sleeper(stage, (config) => {
    config.mounts.push({
      destination: "/etc/passwd",
      type: "bind",
      source: passwd,
      options: ["bind"],
    });
  });
  assertEquals(execSh(stage, c, "echo $HOME"), "/mounted\n");
});

containerTest("no descriptor of the host's reaches the process of exec", (stage) => {
  const c = sleeper(stage);
  const script = `exec 3</etc/passwd 9</ 77>/dev/null; "$0" --root ${stage.root} exec "$@"`;
  const args = ["-c", script, OCIRT, c.id, "sh", "-c", "echo /proc/self/fd/*"];
  // The shell lists the folder, which is a descriptor of its own.
  const { stdout, stderr } = runProgram(["/bin/bash", ...args]);
  assertEquals(stderr, "");
  assertMatch(
    stdout,
    /^\/proc\/self\/fd\/0 \/proc\/self\/fd\/1 \/proc\/self\/fd\/2 \/proc\/self\/fd\/3\n$/,
  );
  const pid = detached(stage, c, "sleep", "1000");
  const open = Array.from(Deno.readDirSync(`/proc/${pid}/fd`), ({ name }) => name).sort();
  assertEquals(open, ["0", "1", "2"]);
});

containerTest(
  "/proc/self/exe of exec is the program, and what came before is a sealed file",
  (stage) => {
    const c = sleeper(stage);
    assertEquals(execSh(stage, c, "readlink /proc/self/exe"), "/bin/busybox\n");
    // A program that is /proc/self/exe itself (CVE-2019-5736) is then the sealed file, which nobody can write to.
    const again = exec(stage, c, { args: ["/proc/self/exe", "x"] });
    assert(again.code !== 0);
    assertEquals(again.stdout, "");
    const { code } = runProgram([OCIRT, "--version"]);
    assertEquals(code, 0);
  },
);

containerTest("exec leads a session, and ignores and blocks no signal", (stage) => {
  const c = sleeper(stage);
  const script = "grep -E '^Sig(Ign|Blk)' /proc/self/status; " +
    "set -- $(cat /proc/$$/stat); [ $1 = $6 ] && echo leads";
  const none = "0".repeat(16);
  assertEquals(
    execSh(stage, c, script),
    `SigBlk:\t${none}\nSigIgn:\t${none}\nleads\n`,
  );
});

containerTest(
  "exec is a child of nobody in the container, which its init need not reap",
  (stage) => {
    const c = sleeper(stage);
    assertEquals(execSh(stage, c, "echo $PPID"), "0\n");
    for (let i = 0; i < 5; i++) execSh(stage, c, ":");
    assertEquals(execSh(stage, c, "ps -o stat | grep -c Z || true"), "0\n");
  },
);

containerTest(
  "nobody in the container can look into a process of exec before it is the user's program",
  (stage) => {
    const script = "while [ ! -e /tmp/stop ]; do for p in /proc/[0-9]*; do " +
      'case "$(readlink $p/exe)" in *ocirt-init*) echo $p;; esac; done; done >/tmp/seen';
    const c = sleeper(stage, (config) => {
      config.root.readonly = false;
      config.process.args = ["sh", "-c", script];
    });
    for (let i = 0; i < 30; i++) execSh(stage, c, ":");
    Deno.writeTextFileSync(`${stage.rootfs}/tmp/stop`, "");
    c.await("stopped");
    assertEquals(Deno.readTextFileSync(`${stage.rootfs}/tmp/seen`), "");
  },
);
