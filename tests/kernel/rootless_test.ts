import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { TestConfig } from "tests/support/bundle.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { OrdinaryUser, SUBORDINATE, USER } from "tests/support/ordinary_user.ts";
import type { Need } from "tests/support/requires.ts";
import { SeccompAgent } from "tests/support/seccomp_agent.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

function userTest(
  name: string,
  test: (user: OrdinaryUser, stage: Stage) => void,
  { ranges = "none", needs = [] }: {
    ranges?: "none" | "some";
    needs?: readonly Need[];
  } = {},
): void {
  containerTest(
    name,
    (stage) => {
      using user = new OrdinaryUser(stage, ranges);
      test(user, stage);
      assertEquals(user.left(), []);
    },
    ...needs,
    "setpriv",
  );
}

function succeeded({ code, stdout, stderr }: Result): string {
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
  return stdout;
}

const script = (text: string) => (config: TestConfig): void => {
  config.process.args = ["sh", "-c", text];
};

userTest("an ordinary user runs what spec --rootless writes", (user) => {
  const write = 'cd "$0" && rm config.json && ocirt spec --rootless && ' +
    `sed -i 's/"terminal": true/"terminal": false/; s/"sh"$/"id"/; s#"rootfs"#"../rootfs"#' config.json`;
  succeeded(user.do("sh", "-c", write, user.bundle));
  const text = Deno.readTextFileSync(`${user.bundle}/config.json`);
  assertStringIncludes(text, `"hostID": ${USER}`);
  assertStringIncludes(succeeded(user.launch("run")), "uid=0(root) gid=0(root)");
});

userTest("one id is mapped without help, and groups can no longer be dropped", (user) => {
  user.configure(script("awk '{print $1,$2,$3}' /proc/self/uid_map; cat /proc/self/setgroups"));
  assertEquals(succeeded(user.launch("run")), `0 ${USER} 1\ndeny\n`);
});

userTest(
  "tmpcopyup gives the container's root what is not the user's own, and sets nobody's id by it",
  (user, stage) => {
    const folder = `${stage.rootfs}/data`;
    Deno.mkdirSync(folder);
    for (const [name, owner] of [["own", USER], ["other", SUBORDINATE.uid + 4]] as const) {
      Deno.writeTextFileSync(`${folder}/${name}`, name);
      Deno.chownSync(`${folder}/${name}`, owner, owner === USER ? USER : SUBORDINATE.gid + 5);
      Deno.chmodSync(`${folder}/${name}`, 0o4755);
    }
    user.configure((config) => {
      script("cd /data; stat -c '%A %u:%g %n' own other; cat own other")(config);
      const copy = { type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] };
      config.mounts.push({ destination: "/data", ...copy });
    });
    assertEquals(
      succeeded(user.launch("run")),
      "-rwsr-xr-x 0:0 own\n-rwxr-xr-x 0:0 other\nownother",
    );
  },
);

userTest("all commands work on a container of the user's", (user) => {
  user.configure(script("trap 'exit 0' TERM; while :; do sleep 1; done"));
  succeeded(user.launch("create"));
  assertEquals(user.left(), ["c"]);
  assertMatch(succeeded(user.do("ocirt", "list")), /^c +\d+ +created .* tester$/m);
  succeeded(user.do("ocirt", "start", "c"));
  const status = "id -u; grep -c . /proc/self/cgroup; grep CapEff /proc/self/status";
  const inside = succeeded(user.do("ocirt", "exec", "c", "sh", "-c", status)).split("\n");
  assertEquals([inside[0], inside[2]], ["0", "CapEff:\t0000000020000420"]);
  assertMatch(succeeded(user.do("ocirt", "ps", "c", "-o", "pid,args")), /sleep 1|trap/);
  assertStringIncludes(succeeded(user.do("ocirt", "events", "--stats", "c")), '"type":"stats"');
  succeeded(user.do("ocirt", "kill", "c", "KILL"));
  user.do("sh", "-c", "until ocirt state c | grep -q stopped; do sleep 0.1; done");
  succeeded(user.do("ocirt", "delete", "c"));
});

userTest("a process of exec has a terminal, although nobody may look into it", (user) => {
  user.configure((config) => config.process.args = ["sleep", "100"]);
  succeeded(user.launch("create"));
  succeeded(user.do("ocirt", "start", "c"));
  const { code, stdout } = user.do("script", "-qec", "ocirt exec -t c tty", "/dev/null");
  assertEquals(code, 0, stdout);
  assertStringIncludes(stdout, "/dev/pts/0");
  succeeded(user.do("ocirt", "delete", "--force", "c"));
});

const ranged = (config: TestConfig): void => {
  const map = (first: number): unknown => [
    { containerID: 0, hostID: USER, size: 1 },
    { containerID: 1, hostID: first, size: 100 },
  ];
  config.linux["uidMappings"] = map(SUBORDINATE.uid);
  config.linux["gidMappings"] = map(SUBORDINATE.gid);
};

userTest("more ids come from /etc/subuid and /etc/subgid", (user) => {
  user.configure((config) => {
    ranged(config);
    script("id; awk '{print $2}' /proc/self/uid_map /proc/self/gid_map")(config);
    config.process.user = { uid: 7, gid: 8 };
  });
  assertEquals(
    succeeded(user.launch("run")),
    `uid=7 gid=8\n${USER}\n${SUBORDINATE.uid}\n${USER}\n${SUBORDINATE.gid}\n`,
  );
}, { ranges: "some", needs: ["newuidmap"] });

userTest("ids that the user may not map are named, with the user and the file", (user) => {
  user.configure(ranged);
  const message = messageOf(user.launch("run"));
  const { uid } = SUBORDINATE;
  assertStringIncludes(message, `Cannot map uids ${USER}, ${uid}-${uid + 99} of the host`);
  assertStringIncludes(message, "/linux/uidMappings");
  assertStringIncludes(message, "/etc/subuid must give user tester each range");
  const bare = user.do(
    "sh",
    "-c",
    'PATH=/nowhere "$0/ocirt" run --bundle "$1" c',
    user.bundle
      .replace(/\/bundle$/, ""),
    user.bundle,
  );
  assertStringIncludes(messageOf(bare), "newuidmap, which is not in PATH");
}, { needs: ["newuidmap"] });

userTest("what an ordinary user may not have is refused in a sentence", (user) => {
  const refused = (edit: (config: TestConfig) => void): string => {
    user.configure(edit);
    return messageOf(user.launch("run"));
  };
  const namespaces = (config: TestConfig): void => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "user");
    delete config.linux["uidMappings"];
    delete config.linux["gidMappings"];
  };
  assertStringIncludes(refused(namespaces), "rootless container requires user namespaces");
  assertStringIncludes(
    refused((config) => config.process.user = { uid: 5, gid: 0 }),
    "cannot setuid to unmapped uid 5 in user namespace",
  );
  assertStringIncludes(
    refused((config) => config.process.user = { uid: 0, gid: 0, additionalGids: [0] }),
    "cannot set any additional groups in a rootless container",
  );
  assertStringIncludes(
    refused((config) => config.linux["resources"] = { pids: { limit: 10 } }),
    "/linux/resources/pids/limit",
  );
  assertStringIncludes(
    refused((config) => {
      config.process["rlimits"] = [{ type: "RLIMIT_CORE", soft: 1, hard: 2 }];
      config.mounts.push({ destination: "/m", type: "tmpfs", options: ["uid=9"] });
    }),
    "cannot specify uid=9 mount option for rootless container",
  );
});

userTest("commands that need a cgroup say that there is none", (user) => {
  user.configure((config) => config.process.args = ["sleep", "100"]);
  succeeded(user.launch("create"));
  succeeded(user.do("ocirt", "start", "c"));
  const paused = messageOf(user.do("ocirt", "pause", "c"));
  assertStringIncludes(paused, "cgroups not configured for container");
  const updated = messageOf(user.do("ocirt", "update", "--pids-limit", "9", "c"));
  assertStringIncludes(updated, "Cannot set limits in cgroups: the container has none");
  succeeded(user.do("ocirt", "delete", "--force", "c"));
});

userTest("a score that may only be raised is raised, and otherwise stays", (user) => {
  const score = (oomScoreAdj: number): string => {
    user.configure((config) => {
      config.process.args = ["cat", "/proc/self/oom_score_adj"];
      config.process["oomScoreAdj"] = oomScoreAdj;
    });
    return succeeded(user.launch("run"));
  };
  assertEquals(score(500), "500\n");
  assert(Number(score(-999)) > -999);
});

userTest("the container sees the caller's cgroups, and cannot write to them", (user) => {
  user.configure((config) => {
    script("ls /sys/fs/cgroup | wc -l; grep -c ' /sys/fs/cgroup.* rw' /proc/mounts")(config);
  });
  const { code, stdout } = user.launch("run");
  const [files = "", writable = ""] = stdout.split("\n");
  assertEquals([code, Number(files) > 0, writable], [1, true, "0"], stdout);
});

userTest("a sandbox works without any right, and keeps no write", (user) => {
  const home = `${user.runtimeDir.replace(/\/run$/, "")}/home`;
  Deno.writeTextFileSync(`${home}/file`, "before\n");
  Deno.chownSync(`${home}/file`, USER, USER);
  const lines = "id -u; cat file; echo after >file; cat file; mkdir d; rm -r d; ls /proc/1/exe";
  const told = succeeded(user.do("ocirt", "sandbox", "--", "sh", "-c", lines));
  assertEquals(told, "0\nbefore\nafter\n/proc/1/exe\n");
  assertEquals(Deno.readTextFileSync(`${home}/file`), "before\n");
  succeeded(user.do("ocirt", "sandbox", "--rw", ".", "--", "sh", "-c", "echo kept >file"));
  assertEquals(Deno.readTextFileSync(`${home}/file`), "kept\n");
}, { needs: ["overlay"] });

/** Root of a user namespace with one id, and no power over the host. */
function asNamespaceRoot(user: OrdinaryUser, ...argv: readonly string[]): Result {
  return user.do("unshare", "--user", "--map-root-user", ...argv);
}

userTest("root of a user namespace runs a container without one of its own", (user) => {
  user.configure((config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "user");
    delete config.linux["uidMappings"];
    delete config.linux["gidMappings"];
    config.mounts.find(({ type }) => type === "devpts")?.options?.push("gid=5");
    script("id -u; echo x >/dev/null; ls /sys/class /dev/mqueue >/dev/null; ls /dev/pts")(config);
  });
  const { code, stdout, stderr } = asNamespaceRoot(
    user,
    ...["ocirt", "run", "--bundle", user.bundle, "c"],
  );
  assertEquals([code, stdout], [0, "0\nptmx\n"], stderr);
  assertStringIncludes(stderr, "gid=5 is left out: gid 5 is not mapped in the user namespace");
});

userTest(
  "tmpcopyup in a user namespace of one id copies what belongs to no id there",
  (user, stage) => {
    Deno.mkdirSync(`${stage.rootfs}/data`);
    Deno.writeTextFileSync(`${stage.rootfs}/data/other`, "other");
    Deno.chownSync(`${stage.rootfs}/data/other`, USER + 4, USER + 5);
    Deno.chmodSync(`${stage.rootfs}/data/other`, 0o4755);
    for (const isNested of [false, true]) {
      user.configure((config) => {
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "user");
        delete config.linux["uidMappings"];
        delete config.linux["gidMappings"];
        if (isNested) {
          config.linux.namespaces.push({ type: "user" });
          const map = [{ containerID: 0, hostID: 0, size: 1 }];
          Object.assign(config.linux, { uidMappings: map, gidMappings: map });
        }
        script("cd /data; stat -c '%A %u:%g' other; cat other")(config);
        const copy = { type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] };
        config.mounts.push({ destination: "/data", ...copy });
      });
      const copied = asNamespaceRoot(user, "ocirt", "run", "--bundle", user.bundle, "c");
      assertEquals(succeeded(copied), "-rwxr-xr-x 0:0\nother");
    }
  },
);

userTest("a user namespace in one can have what that has, and nothing else", (user) => {
  const nested = (hostID: number): Result => {
    user.configure((config) => {
      config.process.args = ["cat", "/proc/self/uid_map"];
      config.linux["uidMappings"] = [{ containerID: 0, hostID, size: 1 }];
      config.linux["gidMappings"] = [{ containerID: 0, hostID: 0, size: 1 }];
    });
    return asNamespaceRoot(user, "ocirt", "run", "--bundle", user.bundle, "c");
  };
  assertMatch(succeeded(nested(0)), /^ +0 +0 +1\n$/);
  assertStringIncludes(messageOf(nested(7)), "this user namespace has not all of");
});

/** Root of a user namespace with the ids that newuidmap(1) gives, and perhaps a mount namespace that belongs to it. */
function asEngine(user: OrdinaryUser, more: readonly string[], ...argv: string[]): Result {
  return user.do("unshare", "--map-root-user", "--map-auto", ...more, ...argv);
}

/** A container whose root is a user that nobody has let into the folder of its mounts. */
function withClosedSource(user: OrdinaryUser): string[] {
  const closed = `${user.runtimeDir}/closed`;
  user.configure((config) => {
    script("cat /tmp/file")(config);
    config.linux["uidMappings"] = [{ containerID: 0, hostID: 1, size: 500 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: 1, size: 500 }];
    const options = ["rbind", "ro", "nosuid", "nodev"];
    config.mounts.push({ destination: "/tmp", type: "bind", source: `${closed}/data`, options });
  });
  const make = `mkdir -p "$0/data"; chmod 700 "$0"; echo seen >"$0/data/file"; exec "$@"`;
  return ["sh", "-c", make, closed, "ocirt", "run", "--bundle", user.bundle, "c"];
}

userTest(
  "a source that only the root of the user namespace around can reach is mounted",
  (user) => {
    assertEquals(succeeded(asEngine(user, ["--mount"], ...withClosedSource(user))), "seen\n");
  },
  { ranges: "some" },
);

userTest("a source out of reach is told where the mount namespace is not the caller's", (user) => {
  const result = asEngine(user, [], ...withClosedSource(user));
  assertEquals(result.code, 1);
  assertMatch(messageOf(result), /\/tmp.*\(\/mounts\/\d+\): EACCES/);
}, { ranges: "some" });

userTest("a container whose processes nobody can find again is warned of", (user) => {
  user.configure((config) => {
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    config.mounts = config.mounts.map((mount) =>
      mount.type === "proc"
        ? { destination: "/proc", type: "none", source: "/proc", options: ["rbind", "nosuid"] }
        : mount
    );
  });
  const { code, stderr } = user.launch("run");
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "Such configuration is strongly discouraged");
});

for (const noNewPrivileges of [true, false]) {
  const setting = noNewPrivileges ? "with" : "without";
  userTest(
    `an agent gets the listeners of a container, a hook and an exec, ${setting} noNewPrivileges`,
    (user) => {
      const listenerPath = `${user.runtimeDir}/agent.sock`;
      using agent = new SeccompAgent(listenerPath);
      Deno.chownSync(listenerPath, USER, USER);
      user.configure((config) => {
        config.process.args = ["sleep", "1000"];
        config.process["noNewPrivileges"] = noNewPrivileges;
        config["hooks"] = { startContainer: [{ path: "/bin/sh", args: ["sh", "-c", ":"] }] };
        config.linux["seccomp"] = {
          defaultAction: "SCMP_ACT_ALLOW",
          listenerPath,
          // Without the agent a listener could not be sent by what the filter is for.
          syscalls: [{ names: ["mkdir", "sendmsg", "unshare"], action: "SCMP_ACT_NOTIFY" }],
        };
      });
      succeeded(user.launch("create"));
      using init = agent.take();
      succeeded(user.do("ocirt", "start", "c"));
      using hook = agent.take();
      assertEquals([hook.state.state.status, hook.state.state.pid], ["created", init.state.pid]);
      const count = "ls /proc/self/fd | wc -l; ls /proc/self/task | wc -l; ls /proc/1/task | wc -l";
      assertEquals(succeeded(user.do("ocirt", "exec", "c", "sh", "-c", count)), "4\n1\n1\n");
      using filtered = agent.take();
      assertEquals(filtered.state.state.status, "running");
      assert(filtered.state.pid !== init.state.pid);
      succeeded(user.do("ocirt", "delete", "--force", "c"));
    },
  );
}

userTest("a state folder that the user may not make has its hint", (user) => {
  user.configure(script("true"));
  const { code, stderr } = user.do(
    "ocirt",
    "--root",
    "/run/of-root",
    "run",
    "-b",
    user.bundle,
    "c",
  );
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Cannot create state folder /run/of-root: EACCES (Permission denied); hint: name a folder",
  );
});
