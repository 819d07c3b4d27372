import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import type { Edit } from "tests/support/bundle.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

function status(stage: Stage, field: string, edit: Edit): string {
  return stage.sh(`grep '^${field}:' /proc/self/status`, edit).replace(/^\w+:\s*/, "").trimEnd();
}

function capabilities(stage: Stage, sets: Record<string, readonly string[]> | null): string[] {
  const text = stage.sh("grep ^Cap /proc/self/status", (config) => {
    if (sets === null) delete config.process["capabilities"];
    else config.process["capabilities"] = sets;
  });
  return text.trim().split("\n").map((line) => BigInt(`0x${line.split(":\t")[1]}`).toString(16));
}

containerTest("the environment is the configuration's alone, the last of a name wins", (stage) => {
  const seen = stage.sh("env", (config) => {
    config.process.env = ["PATH=/bin", "A=1", "B=x=y", "A=2", "EMPTY=", "U=\u00fc"];
  });
  const lines = seen.trimEnd().split("\n").filter((line) =>
    !/^(HOME|PWD|SHLVL|_|OLDPWD)=/.test(line)
  );
  assertEquals(lines.sort(), ["A=2", "B=x=y", "EMPTY=", "PATH=/bin", "U=\u00fc"]);
});

containerTest(
  "HOME comes from the container's passwd file when it is not given, else is /",
  (stage) => {
    const home = (uid: number, env: readonly string[] = []): string =>
      stage.sh("echo $HOME", (config) => {
        config.process.user = { uid, gid: 0 };
        config.process.env.push(...env);
      });
    assertEquals(home(0), "/root\n");
    assertEquals(home(1234), "/\n");
    assertEquals(home(0, ["HOME=/tmp"]), "/tmp\n");
    assertEquals(home(0, ["HOME="]), "/root\n");
  },
);

containerTest("a passwd file that is a fifo, or leads out of the root, tells no home", (stage) => {
  const file = `${stage.rootfs}/etc/passwd`;
  const home = (): string => stage.sh("echo $HOME");
  Deno.removeSync(file);
  assertEquals(home(), "/\n");
  assertEquals(runProgram(["mkfifo", file]).code, 0);
  assertEquals(home(), "/\n");
  Deno.removeSync(file);
  Deno.writeTextFileSync(`${stage.dir}/outside`, "root:x:0:0::/outside:\n");
  Deno.symlinkSync(`${stage.dir}/outside`, file);
  assertEquals(home(), "/\n");
  Deno.removeSync(file);
  Deno.writeTextFileSync(file, "");
  const source = `${stage.dir}/outside`;
  const mounted = stage.sh("echo $HOME", (config) => {
    config.root.readonly = false;
    config.mounts.push({ destination: "/etc/passwd", type: "bind", source, options: ["bind"] });
  });
  assertEquals(mounted, "/outside\n");
});

containerTest("the working directory is made when it is missing", (stage) => {
  const seen = stage.sh("pwd; ls -ld . | cut -c1-10", (config) => {
    config.process.cwd = "/var/new/folder";
    config.root.readonly = false;
  });
  assertEquals(seen, "/var/new/folder\ndrwxr-xr-x\n");
});

containerTest("a working directory that is a file is refused", (stage) => {
  const result = stage.container((config) => config.process.cwd = "/etc/passwd").launch("create");
  assertEquals([result.code, result.stdout], [1, ""]);
  assertMatch(
    messageOf(result),
    /Cannot make working directory "\/etc\/passwd" \(\/process\/cwd\): (ENOTDIR|EEXIST)/,
  );
});

containerTest("a working directory that only root can enter is entered as root", (stage) => {
  Deno.mkdirSync(`${stage.rootfs}/secret`, { mode: 0o700 });
  const seen = stage.sh("readlink /proc/self/cwd", (config) => {
    config.process.cwd = "/secret";
    config.process.user = { uid: 1000, gid: 1000 };
  });
  assertEquals(seen, "/secret\n");
});

containerTest(
  "a working directory that the user can enter is entered, whoever else cannot",
  (stage) => {
    Deno.mkdirSync(`${stage.rootfs}/home`, { mode: 0o700 });
    Deno.chownSync(`${stage.rootfs}/home`, 1000, 1000);
    const seen = stage.sh("pwd", (config) => {
      config.process.cwd = "/home";
      config.process.user = { uid: 1000, gid: 1000 };
      config.process["capabilities"] = {};
    });
    assertEquals(seen, "/home\n");
  },
);

containerTest("user, group, additional groups and umask are as asked", (stage) => {
  const seen = stage.sh("id; umask", (config) => {
    config.process.user = { uid: 1001, gid: 1002, additionalGids: [5, 1003], umask: 0o027 };
  });
  assertEquals(seen, "uid=1001 gid=1002 groups=1002,5,1003\n0027\n".replace("1002,5", "5"));
});

containerTest(
  "without additional groups none of the caller's is left, and umask is 0022",
  (stage) => {
    assertEquals(status(stage, "Groups", () => {}), "");
    assertEquals(stage.sh("umask", () => {}), "0022\n");
  },
);

containerTest("the five capability sets are as asked, and empty without any", (stage) => {
  const [kill, net] = [1n << 5n, 1n << 10n];
  const hex = (value: bigint): string => value.toString(16);
  assertEquals(
    capabilities(stage, {
      bounding: ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
      permitted: ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
      effective: ["CAP_KILL"],
      inheritable: ["CAP_KILL"],
      ambient: ["CAP_KILL"],
    }),
    // What execve(2) makes of them for root: permitted is inheritable and bounding, effective with it.
    [hex(kill), hex(kill | net), hex(kill | net), hex(kill | net), hex(kill)],
  );
  assertEquals(capabilities(stage, null), ["0", "0", "0", "0", "0"]);
});

containerTest("a user other than root has what is ambient, and no more", (stage) => {
  const sets = ["bounding", "permitted", "effective", "inheritable", "ambient"];
  const text = stage.sh("grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status", (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.process["capabilities"] = Object.fromEntries(
      sets.map((set) => [set, set === "ambient" ? ["CAP_KILL"] : ["CAP_KILL", "CAP_CHOWN"]]),
    );
  });
  assertEquals(text.match(/[0-9a-f]{16}/g), [
    "0000000000000020",
    "0000000000000020",
    "0000000000000020",
  ]);
});

containerTest("noNewPrivileges is set when asked, and only then", (stage) => {
  assertEquals(status(stage, "NoNewPrivs", () => {}), "1");
  assertEquals(status(stage, "NoNewPrivs", (c) => c.process["noNewPrivileges"] = false), "0");
});

containerTest(
  "resource limits are exact, and the file limit is the caller's when none is asked for",
  (stage) => {
    const limits = (edit: Edit): string[][] =>
      stage.sh("cat /proc/self/limits", edit).split("\n").slice(1, -1)
        .map((
          line,
        ) => [line.slice(0, 26).trim(), ...line.slice(26).trim().split(/\s+/).slice(0, 2)]);
    const asked = limits((config) => {
      config.process["rlimits"] = [
        { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
        { type: "RLIMIT_CORE", soft: 0, hard: 4096 },
        { type: "RLIMIT_RTTIME", soft: 7, hard: 8 },
      ];
    });
    const of = (name: string): string[] | undefined => asked.find(([title]) => title === name);
    assertEquals(of("Max open files"), ["Max open files", "100", "200"]);
    assertEquals(of("Max core file size"), ["Max core file size", "0", "4096"]);
    assertEquals(of("Max realtime timeout"), ["Max realtime timeout", "7", "8"]);
    const c = stage.container((config) => {
      config.process["rlimits"] = [];
      config.process.args = ["sh", "-c", "ulimit -Sn; ulimit -Hn"];
    });
    const { stdout } = stage.ocirt(["run", "-b", c.bundle, c.id]);
    const [soft = "", hard = ""] = stdout.split("\n");
    const own = /^Max open files +(\d+) +(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    assertEquals(hard, own?.[2]);
    assert(Number(soft) <= Number(hard));
  },
);

containerTest(
  "a limit of few files is the program's, and hinders no step of the set-up",
  (stage) => {
    for (const limit of [64, 8]) {
      const seen = stage.sh("ulimit -n", (config) => {
        config.process["rlimits"] = [{ type: "RLIMIT_NOFILE", soft: limit, hard: limit }];
      });
      assertEquals(seen, `${limit}\n`);
    }
  },
);

containerTest(
  "oomScoreAdj is written when it is there, and not touched when it is not",
  (stage) => {
    const script = "cat /proc/self/oom_score_adj";
    assertEquals(stage.sh(script, (config) => config.process["oomScoreAdj"] = 321), "321\n");
    const own = Deno.readTextFileSync("/proc/self/oom_score_adj");
    assertEquals(stage.sh(script), own);
  },
);

containerTest("the program is looked up in the container's PATH, folder by folder", (stage) => {
  Deno.mkdirSync(`${stage.rootfs}/a`);
  Deno.mkdirSync(`${stage.rootfs}/b`);
  Deno.mkdirSync(`${stage.rootfs}/a/tool`);
  Deno.writeTextFileSync(`${stage.rootfs}/b/tool`, "#!/bin/sh\necho b\n", { mode: 0o755 });
  const c = stage.container((config) => {
    config.process.args = ["tool"];
    config.process.env = ["PATH=/none:/a:/b"];
  });
  assertEquals(c.run(), { code: 0, stdout: "b\n", stderr: "" });
});

containerTest("a program with a slash is taken from the working directory", (stage) => {
  Deno.writeTextFileSync(`${stage.rootfs}/tmp/tool`, "#!/bin/sh\necho $0\n", { mode: 0o755 });
  const c = stage.container((config) => {
    config.process.args = ["./tool"];
    config.process.cwd = "/tmp";
  });
  assertEquals(c.run(), { code: 0, stdout: "./tool\n", stderr: "" });
});

containerTest(
  "a program that cannot be run is refused at create in the words that callers look for",
  (stage) => {
    Deno.writeTextFileSync(`${stage.rootfs}/bin/data`, "", { mode: 0o644 });
    for (
      const [program, words] of [
        ["nonesuch", 'exec: "nonesuch": executable file not found in $PATH'],
        ["/none/such", 'exec: "/none/such": stat /none/such: no such file or directory'],
        ["/bin/data", 'exec: "/bin/data": permission denied'],
        ["data", 'exec: "data": permission denied'],
        ["/bin", 'exec: "/bin": is a directory'],
        ["/etc/passwd/x", 'exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory'],
        ["", 'exec: "": executable file not found in $PATH'],
      ] as const
    ) {
      const c = stage.container((config) => config.process.args = [program]);
      const result = c.launch("create");
      assertEquals([program, result.code], [program, 1]);
      assertEquals(
        messageOf(result),
        "ocirt create failed: unable to start container process: " +
          `error during container init: ${words}`,
      );
    }
  },
);

containerTest("arguments reach the program exactly", (stage) => {
  const c = stage.container((config) => {
    config.process.args = ["printf", "[%s]", "a b", "", "\u00fc", "--", "$HOME", "\n"];
  });
  assertEquals(c.run().stdout, "[a b][][\u00fc][--][$HOME][\n]");
});

containerTest(
  "signals are neither ignored nor blocked, and the session is the program's own",
  (stage) => {
    const seen = stage.sh(
      "grep -E '^Sig(Ign|Blk)' /proc/self/status; cut -d' ' -f6 /proc/self/stat",
    );
    // The shell itself ignores nothing without a terminal.
    assertEquals(seen, `SigBlk:\t${"0".repeat(16)}\nSigIgn:\t${"0".repeat(16)}\n1\n`);
  },
);

/** Runs the container of lines under a caller that has made these preparations in its shell. */
function underCaller(stage: Stage, preparation: string, script: string, edit: Edit): string {
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", script];
    edit(config);
  });
  const line = `${preparation}; exec "$0" --root ${stage.root} run -b ${c.bundle} ${c.id}`;
  const { code, stdout, stderr } = runProgram(["/bin/sh", "-c", line, OCIRT]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

containerTest("signals that the caller ignores are not ignored by the program", (stage) => {
  const script = "for s in HUP INT TERM USR1; do trap 'echo got' $s; kill -$s $$; done";
  assertEquals(
    underCaller(stage, "trap '' HUP INT TERM USR1", script, () => {}),
    "got\n".repeat(4),
  );
});

containerTest("the caller's own soft file limit is passed on, not the engine's", (stage) => {
  const seen = underCaller(stage, "ulimit -Sn 512", "ulimit -Sn", (config) => {
    config.process["rlimits"] = [];
  });
  assertEquals(seen, "512\n");
});

containerTest("the caller's umask changes no folder, device or file of the container", (stage) => {
  const script = "stat -c '%n %a' /var/a /var/a/b /var/new /dev/null; umask";
  const seen = underCaller(stage, "umask 077", script, (config) => {
    config.root.readonly = false;
    config.process.cwd = "/var/new/folder";
    config.mounts.push({
      destination: "/var/a/b",
      type: "tmpfs",
      source: "tmpfs",
      options: ["mode=755"],
    });
  });
  assertEquals(seen, "/var/a 755\n/var/a/b 755\n/var/new 755\n/dev/null 666\n0022\n");
});

containerTest("arguments that are too long are told as such", (stage) => {
  const c = stage.container((config) => config.process.args = ["true", "x".repeat(200_000)]);
  const { code, stderr } = c.run();
  assertEquals([code, stderr], [1, "exec true: argument list too long\n"]);
});
