import { assert, assertEquals, assertMatch } from "@std/assert";
import { giveTo, type TestConfig } from "tests/support/bundle.ts";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

const BASE = 200_000;

/** A user namespace whose ids are `BASE` and on, over a root filesystem that belongs to its root. */
function mapped(stage: Stage): (config: TestConfig) => void {
  giveTo(stage.rootfs, BASE);
  return (config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux["uidMappings"] = [{ containerID: 0, hostID: BASE, size: 10_000 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: BASE + 50_000, size: 10_000 }];
  };
}

containerTest("ids are mapped: root inside is an ordinary user outside", (stage) => {
  const edit = mapped(stage);
  const c = stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  }).create();
  const { pid } = c.state();
  const maps = (name: string): number[] =>
    Deno.readTextFileSync(`/proc/${pid}/${name}`).trim().split(/\s+/).map(Number);
  assertEquals(maps("uid_map"), [0, BASE, 10_000]);
  assertEquals(maps("gid_map"), [0, BASE + 50_000, 10_000]);
  c.start();
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  assertMatch(status, new RegExp(`^Uid:\t${BASE}\t${BASE}\t${BASE}\t${BASE}$`, "m"));
  assertMatch(status, new RegExp(`^Gid:\t${BASE + 50_000}\t`, "m"));
});

containerTest(
  "the default configuration works in a user namespace, devices and mounts and all",
  (stage) => {
    const edit = mapped(stage);
    const script = "id -u; cat /proc/self/uid_map | awk '{print $1,$2,$3}'; echo x >/dev/null; " +
      "stat -c '%F %t:%T' /dev/null; ls /dev/pts; mount | grep -c ' /sys ' ; hostname";
    assertEquals(
      stage.sh(script, edit),
      `0\n0 ${BASE} 10000\ncharacter special file 1:3\nptmx\n1\nbox\n`,
    );
  },
);

containerTest("a user and groups other than root are mapped too", (stage) => {
  const edit = mapped(stage);
  const seen = stage.sh("id", (config) => {
    edit(config);
    config.process.user = { uid: 5, gid: 6, additionalGids: [7] };
  });
  assertEquals(seen, "uid=5 gid=6 groups=7\n");
});

containerTest("several mappings are written in their order", (stage) => {
  const edit = mapped(stage);
  const seen = stage.sh("awk '{print $1,$2,$3}' /proc/self/uid_map", (config) => {
    edit(config);
    config.linux["uidMappings"] = [
      { containerID: 0, hostID: BASE, size: 1 },
      { containerID: 1, hostID: BASE + 100, size: 9 },
    ];
  });
  assertEquals(seen, `0 ${BASE} 1\n1 ${BASE + 100} 9\n`);
});

containerTest("limits above what the mapped root may set are set from outside", (stage) => {
  const edit = mapped(stage);
  const seen = stage.sh("ulimit -Sn; ulimit -Hn", (config) => {
    edit(config);
    config.process["rlimits"] = [{ type: "RLIMIT_NOFILE", soft: 64, hard: 128 }];
    config.process["oomScoreAdj"] = 500;
  });
  assertEquals(seen, "64\n128\n");
});

containerTest("the user namespace owns the other new ones", (stage) => {
  const edit = mapped(stage);
  const all = ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"];
  const seen = stage.sh("ifconfig lo 127.0.0.5 && hostname changed && hostname", (config) => {
    edit(config);
    config.process["capabilities"] = { bounding: all, permitted: all, effective: all };
  });
  assertEquals(seen, "changed\n");
});

containerTest("what is wrong with mappings is told by the place in the file", (stage) => {
  const edit = mapped(stage);
  const cases: [(config: TestConfig) => void, RegExp][] = [
    [(c) => c.linux["uidMappings"] = [], /\/linux\/uidMappings: .*no uid mappings/],
    [
      (c) => c.linux["gidMappings"] = [{ containerID: 1, hostID: 1, size: 1 }],
      /\/linux\/gidMappings: .*no mapping found for gid 0/,
    ],
    [
      (c) => c.process.user = { uid: 20_000, gid: 0 },
      /\/process\/user\/uid: cannot setuid to unmapped uid 20000 in user namespace/,
    ],
    [
      (c) => c.process.user = { uid: 0, gid: 20_000 },
      /\/process\/user\/gid: cannot setgid to unmapped gid 20000 in user namespace/,
    ],
    [
      (c) => c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== "user"),
      /user namespace mappings specified, but user namespace isn't enabled in the config/,
    ],
  ];
  for (const [spoil, words] of cases) {
    const result = stage.container((config) => {
      edit(config);
      spoil(config);
    }).launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), words);
  }
});

containerTest(
  "a root filesystem that the mapped root cannot reach fails with the step's name",
  (stage) => {
    const edit = mapped(stage);
    const secret = `${stage.dir}/secret`;
    Deno.mkdirSync(`${secret}/rootfs`, { recursive: true });
    Deno.chmodSync(secret, 0o700);
    const result = stage.container((config) => {
      edit(config);
      config.root.path = `${secret}/rootfs`;
    }).launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), /Cannot mount rootfs ".*\/secret\/rootfs" .*EACCES/);
    assert(!stage.cgroups().some((path) => path.endsWith("/c1")));
  },
);

containerTest("a source that the mapped root cannot reach is mounted all the same", (stage) => {
  const edit = mapped(stage);
  const hidden = `${stage.dir}/hidden`;
  Deno.mkdirSync(`${hidden}/data`, { recursive: true });
  Deno.writeTextFileSync(`${hidden}/data/file`, "seen\n");
  Deno.chmodSync(hidden, 0o700);
  const bound = (options: string[]) => (config: TestConfig): void => {
    edit(config);
    config.mounts.push({ destination: "/tmp", type: "bind", source: `${hidden}/data`, options });
  };
  assertEquals(stage.sh("cat /tmp/file", bound(["rbind"])), "seen\n");
  const seen = stage.sh(
    "cat /tmp/file; mount | grep ' /tmp ' | grep -c nosuid",
    bound(["bind", "ro", "nosuid"]),
  );
  assertEquals(seen, "seen\n1\n");
  // What is mounted there inside shows nowhere else, whatever the propagation of the host's mount.
  const all = ["CAP_SYS_ADMIN"];
  stage.sh("mkdir /tmp/below && mount -t tmpfs none /tmp/below", (config) => {
    bound(["rbind"])(config);
    Deno.chmodSync(`${hidden}/data`, 0o777);
    config.process["capabilities"] = { bounding: all, permitted: all, effective: all };
  });
  assertEquals(stage.mounts(), []);
});

containerTest("a flag of a source out of reach is not cleared for the container", (stage) => {
  const edit = mapped(stage);
  const hidden = `${stage.dir}/hidden`;
  Deno.mkdirSync(`${hidden}/data`, { recursive: true });
  try {
    assertEquals(
      runProgram(["mount", "-t", "tmpfs", "-o", "ro,nodev", "none", `${hidden}/data`]).code,
      0,
    );
    Deno.chmodSync(hidden, 0o700);
    const c = stage.container((config) => {
      edit(config);
      const options = ["bind", "dev"];
      config.mounts.push({ destination: "/tmp", type: "bind", source: `${hidden}/data`, options });
    });
    assertMatch(messageOf(c.run()), /operation not permitted/i);
  } finally {
    runProgram(["umount", `${hidden}/data`]);
  }
});
