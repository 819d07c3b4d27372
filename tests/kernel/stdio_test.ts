import { assertEquals } from "@std/assert";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** A container whose process is user 1000 and opens its own standard output anew. */
function ownedBy1000(stage: Stage): Container {
  return stage.container((config) => {
    config.process.args = ["sh", "-c", "echo anew >/dev/stdout"];
    config.process.user = { uid: 1000, gid: 1000 };
    config.process["capabilities"] = {};
  });
}

/** Runs the container with this file as standard output. */
function runInto(stage: Stage, c: Container, file: string): number {
  const line = `exec "$0" --root "$1" run -b "$2" "$3" >>"$4"`;
  return runProgram(["sh", "-c", line, OCIRT, stage.root, c.bundle, c.id, file]).code;
}

containerTest("standard output becomes the user's, of the group that it had", (stage) => {
  const file = `${stage.dir}/out`;
  Deno.writeTextFileSync(file, "");
  Deno.chmodSync(file, 0o600);
  Deno.chownSync(file, 0, 7);
  assertEquals(runInto(stage, ownedBy1000(stage), file), 0);
  const { uid, gid } = Deno.statSync(file);
  assertEquals([uid, gid, Deno.readTextFileSync(file)], [1000, 7, "anew\n"]);
});

containerTest("the host's /dev/null stays root's", (stage) => {
  assertEquals(runInto(stage, ownedBy1000(stage), "/dev/null"), 0);
  assertEquals(Deno.statSync("/dev/null").uid, 0);
});

containerTest("a standard output that cannot change its owner is used as it is", (stage) => {
  const file = `${stage.dir}/out`;
  Deno.writeTextFileSync(file, "");
  Deno.chmodSync(file, 0o666);
  const c = stage.container((config) => {
    config.process.args = ["echo", "as it is"];
    config.process.user = { uid: 1000, gid: 1000 };
    config.linux.namespaces.push({ type: "user" });
    // The file's owner, root of the host, has no name in there.
    config.linux["uidMappings"] = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: 100000, size: 65536 }];
    config.linux["cgroupsPath"] = `${stage.cgroup}/owner`;
  });
  Deno.chownSync(stage.rootfs, 100000, 100000);
  assertEquals(runInto(stage, c, file), 0);
  assertEquals([Deno.statSync(file).uid, Deno.readTextFileSync(file)], [0, "as it is\n"]);
});
