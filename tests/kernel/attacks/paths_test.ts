/** Names and symlinks that lead the runtime out of where it may write. */
import { assert, assertEquals } from "@std/assert";
import { containerTest } from "tests/support/stage.ts";

containerTest(
  "CVE-2019-18837: nothing is made where symlinks of the image lead on the host",
  (stage) => {
    const outside = `${stage.dir}/outside`;
    const file = `${stage.dir}/file`;
    Deno.mkdirSync(`${outside}/there`, { recursive: true });
    Deno.writeTextFileSync(file, "");
    const up = "../".repeat(16);
    Deno.symlinkSync(outside, `${stage.rootfs}/absolute`);
    Deno.symlinkSync(`${up}${outside}`, `${stage.rootfs}/relative`);
    Deno.symlinkSync(`/proc/1/root${outside}`, `${stage.rootfs}/magic`);
    for (const name of ["absolute", "relative", "magic"]) {
      for (const below of ["made", "there/made", "made/deep"]) {
        const destination = `/${name}/${below}`;
        const edits = [
          { destination, type: "tmpfs", source: "tmpfs" },
          { destination, type: "bind", source: file, options: ["bind"] },
          { destination, type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] },
        ];
        for (const mount of edits) stage.container((config) => config.mounts.push(mount)).run();
      }
      stage.container((config) => config.process.cwd = `/${name}/cwd`).run();
    }
    const made = ["", "/there"].map((path) =>
      Array.from(Deno.readDirSync(outside + path), (entry) => entry.name)
    );
    assertEquals(made, [["there"], []]);
  },
);

containerTest("ids and cgroups that lead out of their folders are refused", (stage) => {
  const c = stage.container();
  for (const id of ["..", ".", "a/../../b", "/etc", "a/b", ""]) {
    for (const command of ["state", "delete", "kill"]) {
      assert(stage.ocirt([command, "--", id]).code !== 0, `${command} ${id}`);
    }
    assert(stage.ocirt(["create", "--bundle", c.bundle, "--", id]).code !== 0, `create ${id}`);
  }
  assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
  const running = stage.container((config) => config.process.args = ["sleep", "1000"]);
  running.create().start();
  for (const cgroup of ["..", "../..", "/../x", "a/../../b"]) {
    const { code } = stage.ocirt(["exec", "--cgroup", cgroup, running.id, "true"]);
    assertEquals(code, 255, cgroup);
  }
});
