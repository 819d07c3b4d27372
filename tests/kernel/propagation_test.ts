import { assertEquals } from "@std/assert";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** Runs a container on a host where every mount is shared, as systemd has it, in a mount namespace of the test's own. */
function onSharedHost(stage: Stage, propagation: string | null, ...flags: string[]): string {
  const c = stage.container((config) => {
    config.process.args = ["awk", '$5 == "/"', "/proc/self/mountinfo"];
    if (propagation !== null) config.linux["rootfsPropagation"] = propagation;
  });
  const { code, stdout, stderr } = runProgram([
    "unshare",
    "-m",
    "sh",
    "-c",
    'mount --make-rshared / && exec "$@"',
    "sh",
    ...[OCIRT, "--root", stage.root, "run", ...flags, "--bundle", c.bundle, c.id],
  ]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return last.split(" - ")[0]?.split(" ").slice(6).join(" ").replace(/\d+/g, "N") ?? "";
}

containerTest(
  "where the host's root is shared the container's is what rootfsPropagation says",
  (stage) => {
    const seen = [null, "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable"]
      .map((propagation) => [propagation, onSharedHost(stage, propagation)]);
    assertEquals(seen, [
      [null, ""],
      ["private", ""],
      ["rprivate", ""],
      ["slave", "master:N"],
      ["rslave", "master:N"],
      ["shared", "shared:N"],
      ["rshared", "shared:N"],
      ["unbindable", "unbindable"],
    ]);
  },
);

containerTest("a root that is moved in place of a pivot has the same propagation", (stage) => {
  assertEquals(onSharedHost(stage, null, "--no-pivot"), "");
  assertEquals(onSharedHost(stage, "slave", "--no-pivot"), "master:N");
  assertEquals(onSharedHost(stage, "shared", "--no-pivot"), "shared:N");
});

containerTest("a slave mount shows what the host mounts later, a private one does not", (stage) => {
  const source = `${stage.dir}/volume`;
  Deno.mkdirSync(`${source}/late`, { recursive: true });
  const script = `mount --bind ${source} ${source} && mount --make-shared ${source}`;
  assertEquals(runProgram(["sh", "-c", script]).code, 0);
  try {
    const c = stage.container((config) => {
      const look = "while [ ! -e /tmp/a/late/file ]; do sleep 0.01; done; ls /tmp/b/late > /seen";
      config.process.args = ["sh", "-c", look];
      config.root.readonly = false;
      for (const [name, word] of [["a", "rslave"], ["b", "rprivate"]] as const) {
        const options = ["rbind", word];
        config.mounts.push({ destination: `/tmp/${name}`, type: "bind", source, options });
      }
    });
    c.create().start();
    const late = `${source}/late`;
    const mounting = `mount -t tmpfs tmpfs ${late} && touch ${late}/file`;
    assertEquals(runProgram(["sh", "-c", mounting]).code, 0);
    c.await("stopped");
    assertEquals(Deno.readTextFileSync(`${stage.rootfs}/seen`), "");
  } finally {
    runProgram(["umount", "-R", source]);
  }
});
