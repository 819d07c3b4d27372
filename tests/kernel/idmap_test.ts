import { assert, assertEquals, assertMatch } from "@std/assert";
import type { IdMapping } from "runtime/spec/valid.ts";
import { type Edit, giveTo, type TestMount } from "tests/support/bundle.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** The host's id of the container's root, in tests with a user namespace. */
const BASE = 300_000;

function range(containerID: number, hostID: number, size: number): IdMapping[] {
  return [{ containerID, hostID, size }];
}

/** A folder with a file of this owner. */
function source(stage: Stage, { uid, gid, name = "source" }: {
  uid: number;
  gid: number;
  name?: string;
}): string {
  const path = `${stage.dir}/${name}`;
  Deno.mkdirSync(path, { recursive: true });
  Deno.writeTextFileSync(`${path}/file`, "content\n");
  Deno.chmodSync(path, 0o777);
  Deno.chownSync(`${path}/file`, uid, gid);
  return path;
}

/** The configuration with a mount on /data, and a user namespace where asked for. */
function mounting(mount: Partial<TestMount>, { userns }: { userns: boolean }): Edit {
  return (config) => {
    config.mounts.push({ destination: "/data", type: "bind", options: ["rbind"], ...mount });
    if (!userns) return;
    config.linux.namespaces.push({ type: "user" });
    const map = range(0, BASE, 65536);
    Object.assign(config.linux, { uidMappings: map, gidMappings: map });
  };
}

/** What a container writes that leaves nothing: its mount points are there, and owned by the root of its user namespace. */
function shown(stage: Stage, script: string, edit: Edit): string {
  for (const name of ["data", "mnt", "other"]) {
    Deno.mkdirSync(`${stage.rootfs}/${name}`, { recursive: true });
  }
  giveTo(stage.rootfs, BASE);
  const container = stage.container((config) => {
    config.process.args = ["sh", "-c", script];
    edit(config);
  });
  let output = "";
  leavingNothing(stage, () => {
    const { code, stdout, stderr } = container.run();
    assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
    output = stdout;
  });
  return output;
}

function ownerOf(path: string): string {
  const { uid, gid } = Deno.statSync(path);
  return `${uid}:${gid}`;
}

/** What a container that cannot be made says; it must leave nothing. */
function refusal(stage: Stage, container: Container): string {
  let message = "";
  leavingNothing(stage, () => {
    const result = container.run();
    assertEquals([result.code, result.stdout], [1, ""]);
    message = messageOf(result);
  });
  return message;
}

containerTest("own mappings change the owners in the container, and only there", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const mount = {
    source: path,
    uidMappings: range(0, 1000, 100),
    gidMappings: range(0, 2000, 100),
  };
  const edit = mounting(mount, { userns: false });
  assertEquals(shown(stage, "stat -c %u:%g /data/file", edit), "1005:2006\n");
  assertEquals(ownerOf(`${path}/file`), "5:6");
});

containerTest("what is made in an id-mapped mount has the owner backwards on the host", (stage) => {
  const path = source(stage, { uid: 0, gid: 0 });
  const mount = {
    source: path,
    uidMappings: range(0, 1000, 100),
    gidMappings: range(0, 2000, 100),
  };
  const edit = mounting(mount, { userns: false });
  stage.sh("touch /data/made", (config) => {
    edit(config);
    config.process.user = { uid: 1007, gid: 2008 };
  });
  assertEquals(ownerOf(`${path}/made`), "7:8");
});

containerTest("who has no id in the mount can make nothing there", (stage) => {
  const path = source(stage, { uid: 0, gid: 0 });
  const map = { uidMappings: range(0, 1000, 10), gidMappings: range(0, 1000, 10) };
  const edit = mounting({ source: path, ...map }, { userns: false });
  const script = "touch /data/made 2>&1 || ls /data";
  assertMatch(shown(stage, script, edit), /Value too large for (?:defined )?data type\nfile\n$/);
});

containerTest("the option alone gives a volume the owners of the user namespace", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const edit = mounting({ source: path, options: ["rbind", "idmap"] }, { userns: true });
  const script =
    "stat -c %u:%g /data/file; touch /data/made; stat -c %u:%g /data/made; rm /data/made";
  assertEquals(shown(stage, script, edit), "5:6\n0:0\n");
});

containerTest("a mount of the same folder without the option shows nobody", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const seen = shown(stage, "stat -c %u:%g /data/file /other/file", (config) => {
    mounting({ source: path, options: ["rbind", "idmap"] }, { userns: true })(config);
    config.mounts.push({ destination: "/other", source: path, options: ["rbind"] });
  });
  assertEquals(seen, "5:6\n65534:65534\n");
});

containerTest("mappings of its own can be those of the user namespace, or others", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const same = range(0, BASE, 65536);
  const script = "stat -c %u:%g /data/file /other/file";
  const seen = shown(stage, script, (config) => {
    const map = { uidMappings: same, gidMappings: same };
    mounting({ source: path, ...map }, { userns: true })(config);
    config.mounts.push({
      destination: "/other",
      source: path,
      options: ["bind"],
      uidMappings: range(5, BASE + 50, 1),
      gidMappings: [...range(0, BASE + 20, 2), ...range(6, BASE + 60, 1)],
    });
  });
  assertEquals(seen, "5:6\n50:60\n");
});

containerTest("many mounts with one set of mappings share a user namespace", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const map = { uidMappings: range(5, 50, 1), gidMappings: range(6, 60, 1) };
  const names = ["/data", "/mnt", "/other", "/tmp"];
  const files = names.map((name) => `${name}/file`).join(" ");
  const seen = shown(stage, `stat -c %u:%g ${files}`, (config) => {
    for (const destination of names) {
      config.mounts.push({ destination, source: path, options: ["bind"], ...map });
    }
  });
  assertEquals(seen, "50:60\n".repeat(4));
});

containerTest("idmap is for one mount, ridmap for those below it too", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const below = source(stage, { uid: 7, gid: 8, name: "below" });
  Deno.mkdirSync(`${path}/sub`);
  assertEquals(runProgram(["mount", "--bind", below, `${path}/sub`]).code, 0);
  const script = "stat -c %u:%g /data/file /data/sub/file";
  const seen = (option: string, userns: boolean): string => {
    const first = userns ? BASE : 0;
    const map = { uidMappings: range(0, first + 100, 50), gidMappings: range(0, first + 200, 50) };
    return shown(
      stage,
      script,
      mounting({ source: path, options: ["rbind", option], ...map }, { userns }),
    );
  };
  assertEquals(seen("idmap", false), "105:206\n7:8\n");
  assertEquals(seen("ridmap", false), "105:206\n107:208\n");
  assertEquals(seen("idmap", true), "105:206\n65534:65534\n");
  assertEquals(seen("ridmap", true), "105:206\n107:208\n");
});

containerTest("a user namespace that is joined by path gives its mappings", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  giveTo(stage.rootfs, BASE);
  const first = stage.container((config) => {
    mounting({ source: path }, { userns: true })(config);
    config.process.args = ["sleep", "1000"];
  }).create().start();
  const user = `/proc/${first.state().pid}/ns/user`;
  const same = range(0, BASE, 65536);
  const mounts = [{}, { uidMappings: same, gidMappings: same }];
  for (const mappings of mounts) {
    const mount = { source: path, options: ["rbind", "idmap"], ...mappings };
    const seen = stage.sh("stat -c %u:%g /data/file", (config) => {
      mounting(mount, { userns: false })(config);
      config.linux.namespaces.push({ type: "user", path: user });
    });
    assertEquals(seen, "5:6\n");
  }
});

containerTest("a source that only root of the host can reach is mapped too", (stage) => {
  const path = source(stage, { uid: 5, gid: 6, name: "secret/source" });
  Deno.chmodSync(`${stage.dir}/secret`, 0o700);
  for (const options of [["rbind", "idmap"], ["bind", "ridmap", "ro"]]) {
    const edit = mounting({ source: path, options }, { userns: true });
    assertEquals(shown(stage, "stat -c %u:%g /data/file", edit), "5:6\n");
  }
});

containerTest(
  "a source in the root is taken when it is its turn, under what covers it",
  (stage) => {
    const path = source(stage, { uid: 5, gid: 6 });
    for (const userns of [false, true]) {
      const first = userns ? BASE : 0;
      const map = { uidMappings: range(0, first + 10, 10), gidMappings: range(0, first + 20, 10) };
      const seen = shown(stage, "stat -c %u:%g /data/file", (config) => {
        config.mounts.push({ destination: "/mnt", source: path, options: ["rbind"] });
        mounting({ source: `${stage.rootfs}/mnt`, ...map }, { userns })(config);
      });
      assertEquals(seen, "15:26\n");
    }
  },
);

containerTest("what the container has mounted itself can be mapped, or is named", (stage) => {
  for (const name of ["data", "mnt"]) Deno.mkdirSync(`${stage.rootfs}/${name}`);
  giveTo(stage.rootfs, BASE);
  const onto = (type: string): Container =>
    stage.container((config) => {
      config.mounts.push({ destination: "/mnt", type, source: type });
      const map = { uidMappings: range(0, BASE + 5, 1), gidMappings: range(0, BASE + 6, 1) };
      mounting({ source: `${stage.rootfs}/mnt`, ...map }, { userns: true })(config);
      config.process.args = ["stat", "-c", "%u:%g", "/mnt", "/data"];
    });
  assertMatch(refusal(stage, onto("mqueue")), /EINVAL .*the file system "mqueue" of /);
  // Linux 6.3 and newer can map a tmpfs.
  const tmpfs = onto("tmpfs").run();
  if (tmpfs.code === 0) assertEquals(tmpfs.stdout, "0:0\n5:6\n");
  else assertMatch(messageOf(tmpfs), /EINVAL .*the file system "tmpfs" of /);
});

containerTest("a file, attributes and propagation go with it", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const script = "stat -c %u:%g /etc/group; grep ' /etc/group ' /proc/self/mountinfo";
  for (const userns of [false, true]) {
    const first = userns ? BASE : 0;
    const map = { uidMappings: range(5, first + 1, 1), gidMappings: range(6, first + 2, 1) };
    const options = ["bind", "ro", "nosuid", "rnoexec", "rshared"];
    const seen = shown(
      stage,
      script,
      mounting({ ...map, destination: "/etc/group", source: `${path}/file`, options }, { userns }),
    );
    assertMatch(seen, /^1:2\n.* \/etc\/group ro,nosuid,[^ ]*noexec,[^ ]*idmapped shared:/);
  }
});

containerTest("crun's option has mappings in itself", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const options = ["rbind", "idmap=uids=0-1000-5#5-50-1;gids=6-60-1"];
  const seen = shown(
    stage,
    "stat -c %u:%g /data/file",
    mounting({ source: path, options }, { userns: false }),
  );
  assertEquals(seen, "50:60\n");
  const relative = ["rbind", "ridmap=uids=@5-50-1;gids=@6-60-1"];
  const edit = mounting({ source: path, options: relative }, { userns: true });
  assertEquals(shown(stage, "stat -c %u:%g /data/file", edit), "50:60\n");
});

containerTest("a file system that cannot is named, and nothing is left", (stage) => {
  const map = { uidMappings: range(0, 1, 1), gidMappings: range(0, 1, 1) };
  const edit = mounting({ source: "/proc", options: ["bind"], ...map }, { userns: false });
  assertEquals(
    refusal(stage, stage.container(edit)),
    "ocirt run failed: unable to start container process: error during container init: " +
      'error mounting "/proc" to rootfs at "/data" (/mounts/7): EINVAL (invalid argument); hint: ' +
      'the file system "proc" of "/proc" may not support id-mapped mounts on this kernel',
  );
});

containerTest(
  "a mount that is mapped already is not mapped again, and nothing is left",
  (stage) => {
    const path = source(stage, { uid: 5, gid: 6 });
    for (const name of ["data", "mnt"]) Deno.mkdirSync(`${stage.rootfs}/${name}`);
    giveTo(stage.rootfs, BASE);
    const map = { uidMappings: range(0, 10, 10), gidMappings: range(0, 10, 10) };
    for (const userns of [false, true]) {
      const container = stage.container((config) => {
        mounting({ source: path, destination: "/mnt", ...map }, { userns })(config);
        mounting({ source: `${stage.rootfs}/mnt`, ...map }, { userns: false })(config);
      });
      assertMatch(refusal(stage, container), /\/mounts\/8\): EPERM .*id-mapped mount already/);
    }
  },
);

containerTest("mappings that the kernel refuses are told by their place", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const many = Array.from(
    { length: 340 },
    (_, i) => range(1_000_000_000 + 2 * i, 3_000_000_000 + 2 * i, 1),
  ).flat();
  const map = { uidMappings: many, gidMappings: many };
  const message = refusal(
    stage,
    stage.container(mounting({ source: path, ...map }, { userns: false })),
  );
  assertMatch(
    message,
    /^ocirt run failed: Cannot write ".*" to "\/proc\/\d+\/uid_map" \(\/mounts\/7\/uidMappings\): E/,
  );
});

containerTest("a source that is not there is told as for any bind mount", (stage) => {
  for (const userns of [false, true]) {
    const map = { uidMappings: range(0, 10, 10), gidMappings: range(0, 10, 10) };
    const container = stage.container(
      mounting({ source: `${stage.dir}/none`, ...map }, { userns }),
    );
    assertMatch(refusal(stage, container), /"[^"]*\/none"[^:]* \(\/mounts\/7\): ENOENT /);
  }
});

containerTest("explain tells whose ids become whose", (stage) => {
  const path = source(stage, { uid: 5, gid: 6 });
  const edit = mounting({ source: path, options: ["rbind", "ridmap"] }, { userns: true });
  const { bundle } = stage.container(edit);
  const { code, stdout } = stage.ocirt(["explain", "-b", bundle]);
  assertEquals(code, 0);
  const line = `map the ids of "${path}" and what is mounted below it on "/data": ` +
    `uids 0+65536 to ${BASE}+65536 of the host, gids 0+65536 to ${BASE}+65536 of the host`;
  assert(stdout.includes(line), stdout);
});
