/** Mount points below symlinks that lead nowhere: what they lead to is made, inside the root (runc's mounts.bats). */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { TestConfig } from "tests/support/bundle.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** A container with `destination` bound to a file or folder, that shows its mounts. */
function bound(
  stage: Stage,
  { destination, source }: { destination: string; source: string },
  edit: (config: TestConfig) => void = (): void => {},
): string[] {
  const text = stage.sh("awk '{print $5}' /proc/self/mountinfo", (config) => {
    config.mounts.push({ destination, type: "bind", source, options: ["bind"] });
    edit(config);
  });
  return text.trimEnd().split("\n");
}

function link(stage: Stage, target: string, path: string): void {
  Deno.symlinkSync(target, `${stage.rootfs}${path}`);
}

containerTest("a bind mount through links that lead nowhere ends where they lead", (stage) => {
  const file = `${stage.dir}/file`;
  Deno.writeTextFileSync(file, "");
  link(stage, "/tmp/foo/bar", "/jump");
  link(stage, "/jump/baz/hosts", "/etc/hosts");
  assert(
    bound(stage, { destination: "/etc/hosts", source: file }).includes("/tmp/foo/bar/baz/hosts"),
  );
  assert(Deno.lstatSync(`${stage.rootfs}/tmp/foo/bar/baz/hosts`).isFile);
});

containerTest(
  "a link at the mount point itself may lead nowhere, to a file or a folder",
  (stage) => {
    link(stage, "../tmp/hosts", "/etc/hosts");
    const file = `${stage.dir}/file`;
    Deno.writeTextFileSync(file, "");
    for (const source of [file, stage.dir]) {
      assert(bound(stage, { destination: "/etc/hosts", source }).includes("/tmp/hosts"));
      Deno.removeSync(`${stage.rootfs}/tmp/hosts`);
    }
  },
);

containerTest(
  "links out of the root lead nowhere but inside, and nothing is made outside",
  (stage) => {
    const outside = `${stage.dir}/outside`;
    Deno.mkdirSync(outside);
    link(stage, outside, "/absolute");
    link(stage, `${"../".repeat(20)}${outside.slice(1)}`, "/relative");
    for (const name of ["absolute", "relative"]) {
      const seen = bound(stage, { destination: `/${name}/${name}`, source: stage.dir });
      assert(seen.includes(`${outside}/${name}`), seen.join("\n"));
      assert(Deno.lstatSync(`${stage.rootfs}${outside}/${name}`).isDirectory);
      Deno.removeSync(`${stage.rootfs}${outside}`, { recursive: true });
    }
    assertEquals(Array.from(Deno.readDirSync(outside)), []);
  },
);

containerTest(
  "what is made belongs to the container's root, in an image and in a tmpfs",
  (stage) => {
    for (const path of ["tmp", "etc"]) Deno.chownSync(`${stage.rootfs}/${path}`, 100_000, 100_000);
    link(stage, "/tmp/image/made", "/etc/a");
    link(stage, "/dev/shm/made/too", "/etc/b");
    const userns = (config: TestConfig): void => {
      config.linux.namespaces.push({ type: "user" });
      const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
      Object.assign(config.linux, { uidMappings: map, gidMappings: map });
      const options = ["bind"];
      config.mounts.push({ destination: "/etc/b", type: "bind", source: stage.dir, options });
    };
    const seen = bound(stage, { destination: "/etc/a", source: stage.dir }, userns);
    assert(seen.includes("/tmp/image/made") && seen.includes("/dev/shm/made/too"), seen.join("\n"));
    assertEquals(Deno.statSync(`${stage.rootfs}/tmp/image/made`).uid, 100_000);
    assertEquals((Deno.statSync(`${stage.rootfs}/tmp/image`).mode ?? 0) & 0o777, 0o755);
  },
);

containerTest("links in a circle and files in the way are refused", (stage) => {
  link(stage, "/circle", "/circle");
  link(stage, "/etc/passwd/x", "/file");
  for (const [destination, words] of [["/circle/x", /ELOOP/], ["/file/x", /ENOTDIR/]] as const) {
    const c = stage.container((config) => {
      config.mounts.push({ destination, type: "tmpfs", source: "tmpfs" });
    });
    const result = c.launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), words);
  }
});
