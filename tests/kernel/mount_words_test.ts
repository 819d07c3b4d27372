/** Options that few configurations have, each as mount(2) and the other runtimes take it. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { TestMount } from "tests/support/bundle.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** A folder of the image with a mode of its own and a file in it. */
function makeFolder({ rootfs }: Stage): void {
  Deno.mkdirSync(`${rootfs}/data`);
  Deno.chmodSync(`${rootfs}/data`, 0o750);
  Deno.writeTextFileSync(`${rootfs}/data/file`, "text\n");
}

function tmpfs(destination: string, ...options: string[]): TestMount {
  return { destination, type: "tmpfs", source: "tmpfs", options };
}

containerTest(
  "flags of the file system keep a tmpfs neither from the mode nor from the copy of what it covers",
  (stage) => {
    makeFolder(stage);
    for (const flag of ["sync", "dirsync", "lazytime", "silent", "iversion"]) {
      const seen = stage.sh(
        "stat -c %a /data; cat /data/file; grep ' /data ' /proc/mounts",
        (config) => void config.mounts.push(tmpfs("/data", flag, "tmpcopyup")),
      );
      assertMatch(seen, /^750\ntext\ntmpfs \/data tmpfs rw,.*mode=750/, flag);
      const shown = ["sync", "dirsync", "lazytime"].includes(flag);
      assertEquals(seen.split(" ").at(3)?.split(",").includes(flag), shown, flag);
    }
  },
);

containerTest("one word may hold several options of the file system", (stage) => {
  const seen = stage.sh(
    "stat -c %a /tmp; grep ' /tmp ' /proc/mounts",
    (config) => void config.mounts.push(tmpfs("/tmp", "size=1m,mode=700")),
  );
  assertMatch(seen, /^700\ntmpfs \/tmp tmpfs rw,.*size=1024k,mode=700/);
});

containerTest("remount with bind changes the mount that is there, and needs no source", (stage) => {
  const seen = stage.sh("awk '$5 == \"/tmp\"' /proc/self/mountinfo", (config) => {
    config.mounts.push(
      tmpfs("/tmp", "nosuid"),
      { destination: "/tmp", options: ["remount", "bind", "ro", "noexec", "unbindable"] },
      {
        destination: "/tmp",
        type: "none",
        source: stage.dir,
        options: ["bind", "remount", "nodev"],
      },
    );
  });
  assertMatch(seen, /^\S+ \S+ \S+ \/ \/tmp rw,nodev,relatime unbindable - tmpfs .*\n$/);
});

containerTest("bind remounts need a mount", (stage) => {
  const c = stage.container((config) => {
    config.mounts.push({ destination: "/home", options: ["remount", "bind", "ro"] });
    config.root.readonly = false;
  });
  Deno.mkdirSync(`${stage.rootfs}/home`, { recursive: true });
  assertStringIncludes(
    messageOf(c.launch("create")),
    'Cannot remount "/home" (/mounts/7): EINVAL (Invalid argument); hint: nothing is mounted there',
  );
});

containerTest("a file over a folder is told in the words that callers look for", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "");
  const c = stage.container((config) =>
    void config.mounts.push({
      destination: "/tmp",
      type: "bind",
      source: `${stage.dir}/file`,
      options: ["bind"],
    })
  );
  assertMatch(
    messageOf(c.launch("create")),
    /error mounting .*: ENOTDIR \(not a directory\); hint/,
  );
});

containerTest("a mount point that is made for a file is an ordinary file", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "text");
  Deno.symlinkSync("/var/nowhere", `${stage.rootfs}/link`);
  const bind = { type: "bind", source: `${stage.dir}/file`, options: ["bind"] };
  const seen = stage.sh("cat /var/a/file /link", (config) => {
    config.root.readonly = false;
    config.mounts.push({ ...bind, destination: "/var/a/file" }, { ...bind, destination: "/link" });
  });
  assertEquals(seen, "texttext");
  for (const path of ["/var/a/file", "/var/nowhere"]) {
    assertEquals((Deno.statSync(stage.rootfs + path).mode ?? 0) & 0o7777, 0o644, path);
  }
});
