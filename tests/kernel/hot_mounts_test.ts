import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

function sleeping(stage: Stage): Container {
  return stage.container((config) => config.process.args = ["sleep", "1000"]).create().start();
}

/** `mounts VERB` with a file of these objects; it must work without a word. */
function change(
  stage: Stage,
  verb: "add" | "remove",
  id: string,
  mounts: readonly unknown[],
): void {
  const file = `${stage.dir}/mounts.json`;
  Deno.writeTextFileSync(file, JSON.stringify(mounts));
  const result = stage.ocirt(["mounts", verb, id, file]);
  assertEquals(result, { code: 0, stdout: "", stderr: "" });
}

function inside(stage: Stage, { id }: Container, script: string): string {
  const { code, stdout, stderr } = stage.ocirt(["exec", id, "sh", "-c", script]);
  assertEquals([code, stderr], [0, ""], script);
  return stdout;
}

containerTest("a mount of a running container can be made read-only", (stage) => {
  const container = stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs" });
  }).create().start();
  const options = ["remount", "bind", "ro"];
  change(stage, "add", container.id, [{ destination: "/tmp", type: "none", source: "", options }]);
  assertEquals(inside(stage, container, "touch /tmp/x 2>/dev/null || echo ro"), "ro\n");
});

containerTest(
  "mounts are added to a running container, in order and with their options, and removed",
  (stage) => {
    const container = sleeping(stage);
    const data = `${stage.dir}/data`;
    Deno.mkdirSync(data);
    Deno.writeTextFileSync(`${data}/file`, "of the host\n");
    const tools = {
      destination: "/tmp/tools",
      type: "bind",
      source: data,
      options: ["bind", "ro", "nosuid"],
    };
    const mounts = [
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777", "size=64k"] },
      tools,
      { destination: "/tmp/file", type: "bind", source: `${data}/file`, options: ["bind"] },
    ];
    change(stage, "add", container.id, mounts);
    assertEquals(
      inside(
        stage,
        container,
        "cat /tmp/tools/file /tmp/file; touch /tmp/tools/x 2>/dev/null || echo ro",
      ),
      "of the host\nof the host\nro\n",
    );
    // The container's first process sees them too; the host sees none of them.
    const seen = Deno.readTextFileSync(`/proc/${container.state().pid}/mountinfo`);
    assertMatch(seen, / \/tmp\/tools ro,nosuid,/);
    assertEquals(stage.mounts(), []);
    change(stage, "remove", container.id, mounts);
    assertEquals(inside(stage, container, "ls /tmp; grep -c ' /tmp' /proc/mounts || true"), "0\n");
  },
);

containerTest("proc is that of the container's own pid namespace", (stage) => {
  const container = sleeping(stage);
  change(stage, "add", container.id, [{ destination: "/tmp", type: "proc", source: "proc" }]);
  assertEquals(inside(stage, container, "tr '\\0' ' ' </tmp/1/cmdline"), "sleep 1000 ");
});

containerTest(
  "a container with a user namespace gets sources that its root could not reach",
  (stage) => {
    const hidden = `${stage.dir}/hidden`;
    Deno.mkdirSync(`${hidden}/data`, { recursive: true });
    Deno.writeTextFileSync(`${hidden}/data/file`, "seen\n");
    Deno.chmodSync(hidden, 0o700);
    const container = stage.container((config) => {
      config.process.args = ["sleep", "1000"];
      config.linux.namespaces.push({ type: "user" });
      const map = [{ containerID: 0, hostID: 0, size: 65534 }];
      Object.assign(config.linux, { uidMappings: map, gidMappings: map });
    }).create().start();
    const source = `${hidden}/data`;
    change(stage, "add", container.id, [{
      destination: "/tmp",
      type: "bind",
      source,
      options: ["rbind"],
    }]);
    assertEquals(inside(stage, container, "cat /tmp/file"), "seen\n");
  },
);

containerTest(
  "list shows what the container's first process sees, as a table and as JSON",
  (stage) => {
    const container = sleeping(stage);
    const table = stage.ocirt(["mounts", "list", container.id]);
    assertEquals([table.code, table.stderr], [0, ""]);
    assertMatch(table.stdout, /^DESTINATION +TYPE +SOURCE +OPTIONS\n/);
    assertMatch(table.stdout, /^\/proc +proc +proc +rw,relatime$/m);
    const json = stage.ocirt(["mounts", "--format", "json", "list", container.id]);
    const mounts = JSON.parse(json.stdout) as { destination: string; options: string[] }[];
    const shm = mounts.find(({ destination }) => destination === "/dev/shm");
    assert(shm?.options.includes("nosuid"), json.stdout);
  },
);

containerTest(
  "what cannot be mounted is told in one sentence, and what came before it stays to be removed",
  (stage) => {
    const container = sleeping(stage);
    const refused = (verb: string, text: string): string => {
      const file = `${stage.dir}/mounts.json`;
      Deno.writeTextFileSync(file, text);
      const result = stage.ocirt(["mounts", verb, container.id, file]);
      assertEquals([result.code, result.stdout], [1, ""]);
      return messageOf(result);
    };
    assertMatch(refused("add", "{}"), /mounts\.json: an object is not an array$/);
    assertMatch(refused("add", "["), /mounts\.json: line 1 column 2/);
    const missing = [{
      destination: "/tmp/x",
      type: "bind",
      source: "/nowhere",
      options: ["bind"],
    }];
    assertMatch(refused("add", JSON.stringify(missing)), /open source "\/nowhere".*ENOENT/);
    assertMatch(
      refused("remove", JSON.stringify(missing)),
      /Cannot unmount "\/tmp\/x".*E(INVAL|NOENT)/,
    );
    assertMatch(refused("replace", "[]"), /^Cannot run mounts replace /);
    assertEquals(messageOf(stage.ocirt(["mounts", "list", "nobody"])), "container does not exist");
    container.do("kill", "KILL");
    container.await("stopped");
    assertEquals(messageOf(stage.ocirt(["mounts", "list", container.id])), "container not running");
  },
);
