import { assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

containerTest("an empty list is a header, null in JSON, and nothing with -q", (stage) => {
  const told = (...flags: readonly string[]): string => {
    const { code, stdout, stderr } = stage.ocirt(["list", ...flags]);
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  };
  assertEquals(told(), "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
  assertEquals(told("-f", "json"), "null\n");
  assertEquals(told("--quiet"), "");
});

containerTest("the table has runc's columns, at least twelve wide and three apart", (stage) => {
  const a = stage.container().create();
  const b = stage.container().create().start().await("stopped");
  const { stdout } = stage.ocirt(["list"]);
  const { pid, created } = a.state();
  const wide = (text: string, width: number): string => text.padEnd(width);
  const [bundle, time] = [a.bundle.length + 3, String(created).length + 3];
  const row = (...cells: readonly string[]): string =>
    cells.map((cell, i) => wide(cell, [12, 12, 12, bundle, time, 0][i] ?? 0)).join("") + "\n";
  assertEquals(
    stdout,
    row("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER") +
      row("c1", String(pid), "created", a.bundle, String(created), "root") +
      row("c2", "0", "stopped", b.bundle, String(b.state()["created"]), "root"),
  );
});

containerTest("JSON is one line of runc's objects, with the owner's name", (stage) => {
  const a = stage.container((config) => config["annotations"] = { k: "v" }).create();
  const { code, stdout } = stage.ocirt(["list", "--format=json"]);
  assertEquals(code, 0);
  assertEquals(stdout, JSON.stringify([{ ...a.state(), owner: "root" }]) + "\n");
  assertEquals(Object.keys(JSON.parse(stdout)[0]), [
    "ociVersion",
    "id",
    "pid",
    "status",
    "bundle",
    "rootfs",
    "created",
    "annotations",
    "owner",
  ]);
});

containerTest("-q prints one id a line, sorted", (stage) => {
  for (const id of ["b", "a.1", "_c"]) {
    assertEquals(stage.ocirt(["create", "-b", stage.container().bundle, id]).code, 0);
  }
  assertEquals(stage.ocirt(["list", "-q"]).stdout, "_c\na.1\nb\n");
});

containerTest("a container that cannot be read is told of and left out", (stage) => {
  stage.container().create();
  Deno.mkdirSync(`${stage.root}/half`);
  const { code, stdout, stderr } = stage.ocirt(["list", "-q"]);
  assertEquals([code, stdout], [0, "c1\n"]);
  assertMatch(stderr, /level=warning msg=".*\\"half\\".*container does not exist"\n$/);
});

containerTest("a state root that was asked for and is not there is an error", (stage) => {
  Deno.removeSync(stage.root);
  const result = stage.ocirt(["list"]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertEquals(messageOf(result), `Cannot list ${stage.root}: ENOENT (No such file or directory)`);
});

containerTest("an unknown format is refused with those that are known", (stage) => {
  const result = stage.ocirt(["list", "-f", "yaml"]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertMatch(messageOf(result), /"yaml" is not one of table, json/);
});
