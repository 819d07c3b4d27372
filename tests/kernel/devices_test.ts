import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import type { TestConfig } from "tests/support/bundle.ts";
import { containerTest } from "tests/support/stage.ts";

containerTest("the default devices and links are there, for everybody", (stage) => {
  const script = "cd /dev; for f in null zero full random urandom tty; do " +
    "stat -c '%n %F %a %t:%T %u:%g' $f; done; for l in fd stdin stdout stderr ptmx; do " +
    "echo $l $(readlink $l); done";
  assertEquals(
    stage.sh(script),
    `null character special file 666 1:3 0:0
zero character special file 666 1:5 0:0
full character special file 666 1:7 0:0
random character special file 666 1:8 0:0
urandom character special file 666 1:9 0:0
tty character special file 666 5:0 0:0
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx
`,
  );
});

containerTest("/dev/core leads to the kernel's memory where the host has a view of it", (stage) => {
  let isThere = true;
  try {
    Deno.lstatSync("/proc/kcore");
  } catch {
    isThere = false;
  }
  const seen = stage.sh("readlink /dev/core || echo none");
  assertEquals(seen, isThere ? "/proc/kcore\n" : "none\n");
});

containerTest("the devices work", (stage) => {
  const script = "echo x >/dev/null; head -c3 /dev/zero | od -An -tx1; echo y >/dev/full";
  const c = stage.container((config) => config.process.args = ["sh", "-c", script]);
  const { stdout, stderr } = c.run();
  assertEquals(stdout, " 00 00 00\n");
  assertMatch(stderr, /No space left on device/);
});

containerTest("linux.devices are made with their mode and owner, folders and all", (stage) => {
  const seen = stage.sh(
    "stat -c '%n %F %a %t:%T %u:%g' /dev/a/fuse /dev/pipe /dev/disk /dev/zero",
    (config) => {
      config.linux["devices"] = [
        { type: "c", path: "/dev/a/fuse", major: 10, minor: 229, fileMode: 0o640, uid: 1, gid: 2 },
        { type: "p", path: "/dev/pipe", fileMode: 0o622 },
        { type: "b", path: "/dev/disk", major: 7, minor: 200 },
        { type: "c", path: "/dev/zero", major: 1, minor: 5, fileMode: 0o600 },
      ];
    },
  );
  assertEquals(
    seen,
    `/dev/a/fuse character special file 640 a:e5 1:2
/dev/pipe fifo 622 0:0 0:0
/dev/disk block special file 666 7:c8 0:0
/dev/zero character special file 600 1:5 0:0
`,
  );
});

containerTest("a device that is there, as a node of the host's, keeps its owner", (stage) => {
  const node = `${stage.dir}/full`;
  assertEquals(runProgram(["mknod", "-m", "666", node, "c", "1", "7"]).code, 0);
  const seen = stage.sh("stat -c '%t:%T %u:%g' /dev/full", (config) => {
    const device = { type: "c", path: "/dev/full", major: 1, minor: 7, uid: 1, gid: 2 };
    config.linux["devices"] = [device];
    config.mounts.push({ destination: "/dev/full", type: "none", source: node, options: ["bind"] });
  });
  assertEquals(seen, "1:7 0:0\n");
  const { uid, gid } = Deno.statSync(node);
  assertEquals([uid, gid], [0, 0]);
});

containerTest("a device may be made outside /dev, in a root that becomes read-only", (stage) => {
  const seen = stage.sh(
    "stat -c '%F %a' /var/dev/null; touch /x 2>/dev/null; echo $?",
    (config) => {
      config.linux["devices"] = [{ type: "c", path: "/var/dev/null", major: 1, minor: 3 }];
    },
  );
  assertEquals(seen, "character special file 666\n1\n");
});

containerTest("a file in the device's place that is another one is an error", (stage) => {
  Deno.writeTextFileSync(`${stage.rootfs}/var/taken`, "");
  const c = stage.container((config) => {
    config.linux["devices"] = [{ type: "c", path: "/var/taken", major: 1, minor: 3 }];
  });
  const result = c.launch("create");
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /Cannot make device c 1:3 at "\/var\/taken" \(\/linux\/devices\/0\): EEXIST \(File exists\); hint: another file is there already/,
  );
});

containerTest("the same device that is there already is taken as it is", (stage) => {
  const c = stage.container((config) => {
    config.linux["devices"] = [{ type: "c", path: "/var/null", major: 1, minor: 3 }];
  });
  assertEquals(c.run().code, 0);
  assert(Deno.lstatSync(`${stage.rootfs}/var/null`).isCharDevice);
  assertEquals(c.run(), { code: 0, stdout: "", stderr: "" });
});

containerTest("a wrong device is told by its place in the file", (stage) => {
  for (
    const [device, words] of [
      [{ type: "x", path: "/dev/x", major: 1, minor: 1 }, /\/linux\/devices\/0\/type: "x"/],
      [{ type: "c", path: "/dev/x" }, /\/linux\/devices\/0.*major/],
      [{ type: "c", path: "", major: 1, minor: 1 }, /\/linux\/devices\/0\/path/],
    ] as const
  ) {
    const c = stage.container((config) => config.linux["devices"] = [device]);
    const result = c.launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), words);
  }
});

containerTest("a host's /dev that is bind-mounted is left alone", (stage) => {
  const source = `${stage.dir}/dev`;
  Deno.mkdirSync(source);
  stage.sh("ls /dev", (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
    config.mounts.push({ destination: "/dev", type: "bind", source, options: ["bind"] });
  });
  assertEquals(Array.from(Deno.readDirSync(source)), []);
});

containerTest("device rules decide what may be opened, a node of it or not", (stage) => {
  const fuse =
    "mknod /dev/fuse c 10 229 && (true < /dev/fuse) 2>&1; (true < /dev/zero) && echo zero";
  const capabilities = ["CAP_MKNOD", "CAP_DAC_OVERRIDE"];
  const edit = (config: TestConfig): void => {
    config.process.capabilities = {
      bounding: capabilities,
      effective: capabilities,
      permitted: capabilities,
    };
  };
  const denied = stage.sh(fuse, edit);
  const allowed = stage.sh(fuse, (config) => {
    edit(config);
    config.linux["resources"] = {
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", major: 10, minor: 229, access: "r" },
      ],
    };
  });
  assertEquals(allowed, "zero\n");
  assertMatch(denied, /fuse: Operation not permitted\nzero\n$/);
});

containerTest("device rules that no cgroup of the host can hold are refused", (stage) => {
  const c = stage.container((config) => {
    config.linux["resources"] = { devices: [{ allow: false, access: "rwm" }] };
  });
  const holders = hostLayout().hierarchies.filter(({ version, controllers }) =>
    version === 2 || controllers.includes("devices")
  );
  const umount = holders.map(({ mountpoint }) => `umount ${mountpoint}`).join(" && ");
  const launch = [OCIRT, "--root", stage.root, "create", "-b", c.bundle, c.id];
  const script = `${umount} && exec "$@"`;
  const hidden = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"];
  const result = runProgram([...hidden, ...launch]);
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /Cannot control devices: neither |no cgroup file system is mounted/,
  );
  assertEquals(stage.cgroups(), []);
});
