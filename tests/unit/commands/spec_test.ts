import { assertEquals, assertThrows } from "@std/assert";
import { HostError, StateError } from "runtime/base/errors.ts";
import { command } from "runtime/commands/spec.ts";
import { inTempDir } from "tests/support/temp_dir.ts";
import { invocation } from "./invocation.ts";

Deno.test("spec writes config.json into the bundle, with the program's name as the hostname", () =>
  inTempDir((folder) => {
    assertEquals(command.run(invocation(command, ["--bundle", folder])), { exitCode: 0 });
    assertEquals(JSON.parse(Deno.readTextFileSync(`${folder}/config.json`)).hostname, "runc");
  }));

Deno.test("spec leaves a file that is there alone, in runc's words", () =>
  inTempDir((folder) => {
    Deno.writeTextFileSync(`${folder}/config.json`, "mine");
    const { message } = assertThrows(
      () => command.run(invocation(command, ["-b", folder])),
      StateError,
    );
    assertEquals(message, "File config.json exists. Remove it first");
    assertEquals(Deno.readTextFileSync(`${folder}/config.json`), "mine");
  }));

Deno.test("spec does not follow a dangling link out of the bundle", () =>
  inTempDir((folder) => {
    Deno.symlinkSync(`${folder}/elsewhere`, `${folder}/config.json`);
    assertThrows(() => command.run(invocation(command, ["-b", folder])), StateError, "exists");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));

Deno.test("spec says why it cannot write", () => {
  const { message } = assertThrows(
    () => command.run(invocation(command, ["-b", "/proc/none"])),
    HostError,
  );
  assertEquals(
    message,
    'Cannot write "/proc/none/config.json": ENOENT (No such file or directory)',
  );
});
