import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

containerTest("root.readonly decides whether the root can be written", (stage) => {
  const script = "touch /x 2>/dev/null; echo $?";
  assertEquals(stage.sh(script), "1\n");
  assertEquals(stage.sh(script, (config) => config.root.readonly = false), "0\n");
  assertEquals(stage.sh(script, (config) => delete config.root.readonly), "0\n");
  assert(Deno.lstatSync(`${stage.rootfs}/x`).isFile);
});

containerTest("nothing of the host's root is left: one mount on /, no way up", (stage) => {
  const script = `awk '$5 == "/"' /proc/self/mountinfo | wc -l; echo $(ls /../..); stat -c %i /`;
  const [roots, files, inode] = stage.sh(script).split("\n");
  assertEquals(roots, "1");
  assertEquals(files, "bin dev etc proc root sys tmp var");
  assertEquals(inode, String(Deno.statSync(stage.rootfs).ino));
  const mounts = stage.sh("cat /proc/self/mountinfo");
  assertEquals(
    mounts.split("\n").filter((line) => line.split(" ")[4]?.includes("ocirt-test-")),
    [],
  );
});

containerTest("masked files are empty, masked folders are empty and read-only", (stage) => {
  Deno.mkdirSync(`${stage.rootfs}/var/secret`);
  Deno.writeTextFileSync(`${stage.rootfs}/var/secret/key`, "key");
  Deno.writeTextFileSync(`${stage.rootfs}/etc/shadow`, "hash");
  const script = "cat /etc/shadow /proc/timer_list; ls -A /var/secret; " +
    "touch /var/secret/x 2>/dev/null; echo $?; stat -c %F /etc/shadow";
  const seen = stage.sh(script, (config) => {
    config.linux.maskedPaths.push("/etc/shadow", "/var/secret", "/none/such", "/etc/passwd/x");
    config.root.readonly = false;
  });
  assertEquals(seen, "1\ncharacter special file\n");
});

containerTest("a masked file reads as empty to root with every capability", (stage) => {
  const all = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_SYS_RAWIO", "CAP_SYSLOG"];
  const seen = stage.sh("head -c 10 /proc/version | wc -c", (config) => {
    config.linux.maskedPaths.push("/proc/version");
    config.process["capabilities"] = { bounding: all, permitted: all, effective: all };
  });
  assertEquals(seen, "0\n");
});

containerTest("read-only paths stay readable; a path in both lists is masked", (stage) => {
  Deno.writeTextFileSync(`${stage.rootfs}/var/a`, "a");
  Deno.writeTextFileSync(`${stage.rootfs}/var/b`, "b");
  const script = "cat /var/a; (echo x >/var/a) 2>/dev/null; echo $?; cat /var/b; " +
    "(echo 1 >/proc/sys/net/ipv4/ip_forward) 2>/dev/null; echo $?; cat /proc/sys/kernel/ostype";
  const seen = stage.sh(script, (config) => {
    config.root.readonly = false;
    config.linux.readonlyPaths.push("/var/a", "/var/b", "/none");
    config.linux.maskedPaths.push("/var/b");
  });
  assertEquals(seen, "a1\n1\nLinux\n");
});

containerTest("a read-only path keeps the flags it has", (stage) => {
  const seen = stage.sh(
    "awk '$5 == \"/tmp\" {print $6}' /proc/self/mountinfo | tail -n1",
    (config) => {
      const options = ["nosuid", "nodev", "noexec"];
      config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs", options });
      config.linux.readonlyPaths.push("/tmp");
    },
  );
  assertMatch(seen, /^ro,nosuid,nodev,noexec/);
});

/** Propagation fields of the container's root. */
function rootPropagation(stage: Stage, propagation: string | null): string {
  return stage.sh(
    "grep ' / / ' /proc/self/mountinfo || awk '$5 == \"/\"' /proc/self/mountinfo",
    (config) => {
      if (propagation !== null) config.linux["rootfsPropagation"] = propagation;
    },
  ).split(" - ")[0]?.split(" ").slice(6).join(" ").replace(/\d+/g, "N") ?? "";
}

containerTest("the root's propagation is what rootfsPropagation says", (stage) => {
  assertEquals(rootPropagation(stage, "private"), "");
  assertMatch(rootPropagation(stage, "shared"), /^shared:N/);
  assertEquals(rootPropagation(stage, "unbindable"), "unbindable");
  assertMatch(rootPropagation(stage, null), /^(master:N)?$/);
  const c = stage.container((config) => config.linux["rootfsPropagation"] = "sideways");
  assertMatch(messageOf(c.launch("create")), /\/linux\/rootfsPropagation: "sideways"/);
});

containerTest("what a container mounts does not reach the host, shared or not", (stage) => {
  for (const propagation of ["private", "slave", "shared"]) {
    stage.sh("true", (config) => {
      config.linux["rootfsPropagation"] = propagation;
      config.mounts.push({ destination: "/var/deep/er", type: "tmpfs", source: "tmpfs" });
    });
    const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
    assertEquals(mounts.filter((line) => line.includes(stage.dir)), []);
  }
});

containerTest(
  "a root on a mount that is shared with others is pivoted to all the same",
  (stage) => {
    const script = `mount --bind ${stage.dir} ${stage.dir} && mount --make-shared ${stage.dir}`;
    assertEquals(runProgram(["/bin/sh", "-c", script]).code, 0);
    try {
      for (const propagation of [null, "shared", "private"]) {
        const seen = stage.sh("echo inside", (config) => {
          if (propagation !== null) config.linux["rootfsPropagation"] = propagation;
        });
        assertEquals([propagation, seen], [propagation, "inside\n"]);
      }
      const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
      assertEquals(mounts.filter((line) => line.includes(stage.dir)).length, 1);
    } finally {
      runProgram(["umount", "-l", stage.dir]);
    }
  },
);

containerTest(
  "without a mount namespace a root without mounts works, and nothing is left mounted",
  (stage) => {
    const c = stage.container((config) => {
      config.linux.namespaces = [{ type: "pid" }];
      Object.assign(config.linux, { maskedPaths: [], readonlyPaths: [] });
      config.mounts = [];
      delete config["hostname"];
      config.process.args = ["ls", "/"];
    });
    const { code, stdout } = c.run();
    assertEquals([code, stdout], [0, "bin\ndev\netc\nproc\nroot\nsys\ntmp\nvar\n"]);
    assertEquals(stage.mounts(), []);
  },
);

containerTest(
  "without a mount namespace mounts are refused, or taken away with the container",
  (stage) => {
    const c = stage.container((config) => {
      config.linux.namespaces = [{ type: "pid" }];
      Object.assign(config.linux, { maskedPaths: [], readonlyPaths: [] });
      config.root.readonly = false;
      config.mounts = [{ destination: "/tmp", type: "tmpfs", source: "tmpfs" }];
      delete config["hostname"];
    });
    c.run();
    assertEquals(stage.mounts(), []);
  },
);

containerTest(
  "a root filesystem whose /proc or /sys is a symlink is refused (CVE-2023-28642)",
  (stage) => {
    for (const name of ["proc", "sys"]) {
      const path = `${stage.rootfs}/${name}`;
      Deno.removeSync(path);
      Deno.mkdirSync(`${stage.rootfs}/tmp/${name}`);
      Deno.symlinkSync(`/tmp/${name}`, path);
      const result = stage.container().launch("create");
      assertEquals([name, result.code, result.stdout], [name, 1, ""]);
      assertMatch(messageOf(result), /must be mounted on ordinary directory/);
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    }
  },
);

/** A folder of the host's that nothing may be made in, and the symlinks by which a root filesystem tries. */
function bait(stage: Stage): string {
  const outside = `${stage.dir}/outside`;
  Deno.mkdirSync(outside);
  const up = "../".repeat(20);
  Deno.symlinkSync(outside, `${stage.rootfs}/absolute`);
  Deno.symlinkSync(`${up}${outside.slice(1)}`, `${stage.rootfs}/relative`);
  Deno.symlinkSync("/absolute", `${stage.rootfs}/chain`);
  return outside;
}

containerTest("mount points through symlinks stay inside the root", (stage) => {
  const outside = bait(stage);
  Deno.mkdirSync(`${stage.rootfs}${outside}`, { recursive: true });
  for (const link of ["absolute", "relative", "chain"]) {
    const seen = stage.sh(`awk '$5 ~ /made/ {print $5}' /proc/self/mountinfo`, (config) => {
      config.root.readonly = false;
      config.mounts.push({ destination: `/${link}/made`, type: "tmpfs", source: "tmpfs" });
    });
    assertEquals([link, seen], [link, `${outside}/made\n`]);
    assertEquals(Array.from(Deno.readDirSync(outside)), []);
  }
  assert(Deno.lstatSync(`${stage.rootfs}${outside}/made`).isDirectory, "it was made inside");
});

containerTest(
  "files, devices, the working directory and links through symlinks stay inside too",
  (stage) => {
    const outside = bait(stage);
    Deno.writeTextFileSync(`${stage.dir}/file`, "");
    const c = stage.container((config) => {
      config.root.readonly = false;
      config.process.cwd = "/relative/cwd";
      const options = ["bind"];
      const source = `${stage.dir}/file`;
      config.mounts.push({ destination: "/absolute/file", type: "bind", source, options });
      config.linux["devices"] = [{ type: "c", path: "/chain/null", major: 1, minor: 3 }];
    });
    // Whether such a path is followed inside or refused is the runtime's choice; outside nothing may appear.
    c.run();
    assertEquals(Array.from(Deno.readDirSync(outside)), []);
  },
);

containerTest(
  "/dev that is a symlink to a folder of the host's does not put devices there",
  (stage) => {
    const outside = bait(stage);
    Deno.removeSync(`${stage.rootfs}/dev`);
    Deno.symlinkSync(outside, `${stage.rootfs}/dev`);
    const c = stage.container((config) => {
      config.root.readonly = false;
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
    });
    c.run();
    assertEquals(Array.from(Deno.readDirSync(outside)), []);
  },
);

containerTest("masked and read-only paths through symlinks stay inside", (stage) => {
  const outside = bait(stage);
  Deno.writeTextFileSync(`${outside}/secret`, "host");
  const c = stage.container((config) => {
    config.process.args = ["true"];
    config.linux.maskedPaths.push("/absolute/secret");
    config.linux.readonlyPaths.push("/relative");
  });
  c.run();
  assertEquals(Deno.readTextFileSync(`${outside}/secret`), "host");
  Deno.writeTextFileSync(`${outside}/written`, "still writable");
});

containerTest("a root that is missing, a file or a symlink is refused", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "");
  Deno.symlinkSync(stage.rootfs, `${stage.dir}/link`);
  for (
    const [path, words] of [
      [`${stage.dir}/none`, /\/root\/path: ".*\/none" cannot be used: ENOENT/],
      [`${stage.dir}/file`, /\/root\/path: ".*\/file" is not a directory/],
      [`${stage.dir}/link`, /\/root\/path: ".*\/link" is a symlink/],
    ] as const
  ) {
    const result = stage.container((config) => config.root.path = path).launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), words);
  }
  const result = stage.container((config) => Reflect.deleteProperty(config, "root")).launch("run");
  assertMatch(messageOf(result), /root/);
});

containerTest(
  "a root that nobody may bind has its mounts and covered paths all the same",
  (stage) => {
    for (const propagation of ["unbindable", "runbindable"]) {
      const seen = stage.sh(
        "cat /tmp/file; touch /var/x 2>/dev/null || echo read-only; cat /etc/masked; " +
          "awk '$5 == \"/\" {print $7}' /proc/self/mountinfo",
        (config) => {
          config.root.readonly = false;
          config.linux["rootfsPropagation"] = propagation;
          config.linux.readonlyPaths.push("/var");
          config.linux.maskedPaths.push("/etc/masked");
          const [type, source, options] = ["bind", `${stage.dir}/source`, ["bind"]];
          config.mounts.push({ destination: "/tmp", type, source, options });
          Deno.mkdirSync(source, { recursive: true });
          Deno.writeTextFileSync(`${source}/file`, "text\n");
          Deno.writeTextFileSync(`${stage.rootfs}/etc/masked`, "secret\n");
        },
      );
      assertEquals([propagation, seen], [propagation, "text\nread-only\nunbindable\n"]);
    }
  },
);

containerTest("readonlyPaths may name the root, and an empty path names nothing", (stage) => {
  const writes = (path: string): string =>
    stage.container((config) => {
      config.root.readonly = false;
      config.linux.readonlyPaths = [path];
      config.process.args = ["sh", "-c", "touch /x 2>/dev/null && echo written; touch /tmp"];
    }).run().stdout;
  assertEquals([writes("/"), writes("")], ["", "written\n"]);
});
