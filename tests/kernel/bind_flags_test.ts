/** What becomes of the flags of a bind mount's source: the cases of runc's mounts_sshfs.bats. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf, type Result, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** A tmpfs whose mount has only the flags `source`, bound with `options`: what running its container gives. */
function bind(
  stage: Stage,
  { source, options, userns }: { source: string; options: string; userns: boolean },
): Result {
  const path = `${stage.dir}/source`;
  Deno.mkdirSync(path, { recursive: true });
  const script = `mount -t tmpfs -o rw,suid,dev,exec,diratime,strictatime tmpfs "$1" && ` +
    'mount --bind -o remount,diratime,atime,strictatime "$1" && mount --bind -o "remount,$2" "$1"';
  assertEquals(runProgram(["sh", "-c", script, "sh", path, source]).code, 0);
  try {
    return stage.container((config) => {
      config.process.args = ["awk", '$2 == "/tmp" { print $4 }', "/proc/self/mounts"];
      config.mounts.push({
        destination: "/tmp",
        type: "bind",
        source: path,
        options: options.split(","),
      });
      if (!userns) return;
      config.linux.namespaces.push({ type: "user" });
      const map = [{ containerID: 0, hostID: 100000, size: 65534 }];
      Object.assign(config.linux, { uidMappings: map, gidMappings: map });
    }).run();
  } finally {
    runProgram(["umount", path]);
  }
}

type Case = readonly [source: string, options: string, flags: string | null];

/** Flags must be those of the case, and of those no others that can be locked; null stands for a refusal. */
function check(stage: Stage, userns: boolean, cases: readonly Case[]): void {
  for (const [source, options, flags] of cases) {
    const what = `${source} bound with ${options}`;
    const result = bind(stage, { source, options, userns });
    if (flags === null) {
      assertEquals(result.code, 1, what);
      assertMatch(
        messageOf(result),
        /^ocirt run failed: unable to start container process: error during container init: error mounting .*operation not permitted/,
        what,
      );
      continue;
    }
    assertEquals([what, result.code, result.stderr], [what, 0, ""]);
    const seen = result.stdout.trim().split(",");
    const known = "ro rw nosuid nodev noexec nosymfollow noatime relatime nodiratime".split(" ");
    assertEquals([what, ...seen.filter((flag) => known.includes(flag)).sort()], [
      what,
      ...flags.split(",").sort(),
    ]);
    assert(seen.length >= 1);
  }
}

containerTest("a bind mount has the flags that are given; without any, its source's", (stage) => {
  check(stage, false, [
    ["ro,noexec,nosymfollow,nodiratime", "bind", "ro,noexec,nosymfollow,nodiratime,relatime"],
    ["ro,noexec,nosymfollow,nodiratime", "bind,dev", "rw,nodiratime,relatime"],
    ["ro", "bind,nosuid,nodev,rprivate", "rw,nosuid,nodev"],
    ["ro", "bind,rw,nosuid,nodev,rprivate", "rw,nosuid,nodev"],
    ["nosuid,nodev,noexec,noatime", "bind,dev,suid,exec,atime", "rw,noatime"],
    ["rw,nodev,nosuid,noexec,noatime", "bind,ro", "ro,noatime"],
    ["rw,nodev,nosymfollow", "bind,ro,symfollow", "ro"],
    ["nodev,nosuid,noatime", "bind,ro,exec", "ro,noatime"],
  ]);
});

containerTest("access times stay as they are unless a word for them is given", (stage) => {
  check(stage, false, [
    ["noatime", "bind", "rw,noatime"],
    ["noatime", "bind,norelatime", "rw,noatime"],
    ["noatime", "bind,atime", "rw,noatime"],
    ["noatime", "bind,relatime", "rw,relatime"],
    ["noatime", "bind,nodiratime", "rw,nodiratime,relatime"],
    ["nodiratime", "bind,strictatime", "rw"],
    ["noatime", "bind,nodiratime,strictatime", "rw,nodiratime"],
    ["noatime", "bind,nodiratime,norelatime", "rw,nodiratime,relatime"],
    ["relatime", "bind,noatime,relatime", "rw,noatime"],
  ]);
});

containerTest(
  "in a user namespace the flags of the source stay that nobody asked to clear",
  (stage) => {
    check(stage, true, [
      ["ro,noexec,nosymfollow,nodiratime", "bind", "ro,noexec,nosymfollow,nodiratime,relatime"],
      ["ro,noexec,nosymfollow,nodiratime", "bind,dev", "ro,noexec,nodiratime,relatime"],
      ["ro", "bind,nosuid,nodev,rprivate", "ro,nosuid,nodev"],
      ["ro", "bind,rw,nosuid,nodev,rprivate", null],
      ["nodev,nosuid,noatime", "bind,dev,suid,exec,atime", null],
      ["rw,nodev,nosuid,noexec,noatime", "bind,ro", "ro,nosuid,nodev,noexec,noatime"],
      ["rw,nodev,nosymfollow", "bind,ro,symfollow", "ro,nodev"],
      ["rw,nodev,nosymfollow", "bind,rw", "rw,nodev"],
      ["nodev,nosuid,noatime", "bind,ro,exec", "ro,nodev,nosuid,noatime"],
    ]);
  },
);

containerTest(
  "in a user namespace no other access times can be asked for than the source's",
  (stage) => {
    check(stage, true, [
      ["strictatime", "bind", "rw"],
      ["relatime", "bind", "rw,relatime"],
      ["noatime,nodiratime", "bind", "rw,noatime,nodiratime"],
      ["noatime,nodiratime", "bind,norelatime", "rw,noatime,nodiratime"],
      ["nodiratime", "bind,strictatime", null],
      ["relatime", "bind,strictatime", null],
      ["noatime", "bind,strictatime", null],
      ["nodiratime", "bind,noatime", null],
      ["relatime", "bind,noatime", null],
      ["relatime", "bind,nodiratime", null],
      ["strictatime", "bind,relatime", null],
      ["strictatime", "bind,noatime", null],
      ["strictatime", "bind,nodiratime", null],
      ["noatime", "bind,relatime", null],
      ["strictatime", "bind,nostrictatime", "rw"],
      ["nodiratime", "bind,diratime", "rw,nodiratime,relatime"],
      ["relatime", "bind,norelatime", "rw,relatime"],
      ["noatime", "bind,atime", "rw,noatime"],
      ["noatime,nodiratime", "bind,atime", "rw,noatime,nodiratime"],
    ]);
  },
);

containerTest(
  "access times of a whole tree are what the r... words say (mounts_recursive.bats)",
  (stage) => {
    const source = `${stage.dir}/volume`;
    Deno.mkdirSync(source);
    const script = 'mount -t tmpfs none "$1" && mkdir "$1/sub" && mount -t tmpfs none "$1/sub"';
    assertEquals(runProgram(["sh", "-c", script, "sh", source]).code, 0);
    try {
      const words = {
        ratime: "rw,relatime",
        rnoatime: "rw,noatime",
        rstrictatime: "rw",
        rnostrictatime: "rw,relatime",
        rrelatime: "rw,relatime",
        rnorelatime: "rw,relatime",
        rnodiratime: "rw,nodiratime,relatime",
      };
      const seen = stage.sh("cat /proc/self/mountinfo", (config) => {
        for (const word of Object.keys(words)) {
          const options = ["rbind", word];
          config.mounts.push({ destination: `/tmp/${word}`, type: "bind", source, options });
        }
        config.root.readonly = false;
      }).split("\n").map((line) => line.split(" "));
      for (const [word, flags] of Object.entries(words)) {
        for (const path of [`/tmp/${word}`, `/tmp/${word}/sub`]) {
          const found = seen.find((line) => line[4] === path)?.[5];
          assertEquals([path, found?.split(",").sort()], [path, flags.split(",").sort()]);
        }
      }
    } finally {
      runProgram(["umount", "-R", source]);
    }
  },
);
