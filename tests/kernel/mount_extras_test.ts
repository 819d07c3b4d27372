import { assertEquals, assertMatch } from "@std/assert";
import type { TestConfig } from "tests/support/bundle.ts";
import { runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** A script that fills a folder of the image, as an image's maker would. */
function fill(stage: Stage, folder: string): void {
  const c = stage.container((config) => {
    config.root.readonly = false;
    const script =
      `mkdir -p ${folder}/sub && cd ${folder} && echo text > file && chmod 640 file && ` +
      "chown 5:6 file && chmod 1777 . && ln -s /outside link && mkfifo pipe && chmod 750 sub && echo deep > sub/deep";
    config.process.args = ["sh", "-c", script];
    const all = ["CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID", "CAP_DAC_OVERRIDE"];
    config.process.capabilities = { bounding: all, effective: all, permitted: all };
  });
  assertEquals(c.run().code, 0);
}

containerTest(
  "tmpcopyup begins with a copy of what it covers, owners and modes too, and leaves the image alone",
  (stage) => {
    fill(stage, "/data");
    const seen = stage.sh(
      "cd /data && stat -c '%A %u:%g %n' . file sub sub/deep pipe && readlink link && cat file sub/deep && echo changed > sub/deep",
      (config) => {
        config.mounts.push({
          destination: "/data",
          type: "tmpfs",
          source: "tmpfs",
          options: ["tmpcopyup"],
        });
        const all = ["CAP_DAC_OVERRIDE"];
        config.process.capabilities = { bounding: all, effective: all, permitted: all };
      },
    );
    assertEquals(
      seen,
      "drwxrwxrwt 0:0 .\n-rw-r----- 5:6 file\ndrwxr-x--- 0:0 sub\n-rw-r--r-- 0:0 sub/deep\n" +
        "prw-r--r-- 0:0 pipe\n/outside\ntext\ndeep\n",
    );
    assertEquals(stage.sh("cat /data/sub/deep"), "deep\n");
  },
);

/** A user namespace in which the ids up to 999 are those of the host from 100000 on, and a copy of what covers `/data`. */
function copyInUserNamespace(config: TestConfig): void {
  config.linux.namespaces.push({ type: "user" });
  const map = [{ containerID: 0, hostID: 100_000, size: 1000 }];
  Object.assign(config.linux, { uidMappings: map, gidMappings: map });
  const copy = { type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] };
  config.mounts.push({ destination: "/data", ...copy });
}

containerTest(
  "tmpcopyup works in a user namespace, of folders that nobody may write to too",
  (stage) => {
    fill(stage, "/data");
    const shift = 'find / -xdev | while read -r f; do chown -h $((100000 + $(stat -c %u "$f"))):' +
      '$((100000 + $(stat -c %g "$f"))) "$f"; done';
    const shifted = runProgram([
      "/bin/sh",
      "-c",
      shift.replace("/ -xdev", `${stage.rootfs} -xdev`),
    ]);
    assertEquals([shifted.code, shifted.stderr], [0, ""]);
    for (const path of ["/data/sub", "/data"]) Deno.chmodSync(stage.rootfs + path, 0o550);
    for (const path of [`${stage.rootfs}/data/file`]) Deno.chmodSync(path, 0o4640);
    const seen = stage.sh(
      "cd /data && stat -c '%A %u:%g %n' . file sub sub/deep pipe && readlink link && cat sub/deep",
      copyInUserNamespace,
    );
    assertEquals(
      seen,
      "dr-xr-x--- 0:0 .\n-rwSr----- 5:6 file\ndr-xr-x--- 0:0 sub\n-rw-r--r-- 0:0 sub/deep\n" +
        "prw-r--r-- 0:0 pipe\n/outside\ndeep\n",
    );
  },
);

containerTest("what tmpcopyup copies for nobody in the container stays unread", (stage) => {
  Deno.mkdirSync(`${stage.rootfs}/data`);
  Deno.writeTextFileSync(`${stage.rootfs}/data/secret`, "secret", { mode: 0o4600 });
  const c = stage.container((config) => {
    copyInUserNamespace(config);
    config.process.args = ["sh", "-c", "stat -c '%A %u:%g' /data/secret; cat /data/secret"];
    const all = ["CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN"];
    config.process.capabilities = { bounding: all, effective: all, permitted: all };
  });
  const { stdout, stderr } = c.run();
  assertEquals(stdout, "-rwS------ 65534:65534\n");
  assertMatch(stderr, /can't open '\/data\/secret': Permission denied/);
});

containerTest("tmpcopyup of a folder that is not there is an empty tmpfs", (stage) => {
  const seen = stage.sh("ls -A /new; stat -f -c %T /new", (config) => {
    config.root.readonly = false;
    config.mounts.push({
      destination: "/new",
      type: "tmpfs",
      source: "tmpfs",
      options: ["tmpcopyup"],
    });
  });
  assertEquals(seen, "tmpfs\n");
});

containerTest("copy-symlink copies a link as it is, and mounts what is none", (stage) => {
  Deno.symlinkSync("/some/where", `${stage.dir}/link`);
  Deno.writeTextFileSync(`${stage.dir}/file`, "text");
  const options = ["bind", "copy-symlink"];
  const seen = stage.sh("readlink /a; cat /b", (config) => {
    config.root.readonly = false;
    config.mounts.push(
      { destination: "/a", type: "bind", source: `${stage.dir}/link`, options },
      { destination: "/b", type: "bind", source: `${stage.dir}/file`, options },
    );
  });
  assertEquals(seen, "/some/where\ntext");
});

containerTest("dest-nofollow and src-nofollow take symlinks for themselves", (stage) => {
  Deno.symlinkSync("/from/source", `${stage.dir}/link`);
  const c = stage.container((config) => {
    config.root.readonly = false;
    config.process.args = ["sh", "-c", "ln -s /from/image /place"];
  });
  assertEquals(c.run().code, 0);
  const bind = { destination: "/place", type: "bind", source: `${stage.dir}/link` };
  const seen = stage.container((config) => {
    config.root.readonly = false;
    config.process.args = ["readlink", "/place"];
    config.mounts.push({ ...bind, options: ["bind", "src-nofollow", "dest-nofollow"] });
  }).run();
  // Linux mounts onto a symlink since 5.2 by descriptor; where it does not, the step says so.
  if (seen.code === 0) assertEquals(seen.stdout, "/from/source\n");
  else assertMatch(seen.stderr, /error mounting .* to rootfs at .*\/place.*: E/);
});

containerTest(
  "a tmpfs takes over the mode of the directory that it covers, unless it is given one",
  (stage) => {
    Deno.mkdirSync(`${stage.rootfs}/covered`);
    Deno.chmodSync(`${stage.rootfs}/covered`, 0o710);
    const mount = { type: "tmpfs", source: "tmpfs" };
    const seen = stage.sh(
      "stat -c %a /covered /given /new; grep '/covered\\|/new' /proc/mounts",
      (config) => {
        config.root.readonly = false;
        config.mounts.push(
          { ...mount, destination: "/covered" },
          { ...mount, destination: "/given", options: ["mode=1500"] },
          { ...mount, destination: "/new" },
        );
      },
    );
    assertMatch(seen, /^710\n1500\n1777\ntmpfs \/covered tmpfs \S*mode=710\S* /);
    assertEquals(/\/new \S+ \S*mode=/.test(seen), false);
  },
);
