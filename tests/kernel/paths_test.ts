import { assert, assertEquals, assertMatch } from "@std/assert";
import { mode } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { realTime } from "syscalls/libc/clock.ts";
import { isAt, openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import {
  changeMode,
  findPath,
  makeDirectory,
  removeEmpty,
  removeFile,
  replaceFile,
  writeFile,
} from "syscalls/libc/paths.ts";
import { rfc3339 } from "runtime/state/timestamp.ts";
import { inTempDir } from "tests/support/temp_dir.ts";

const O = openFlags(hostArch());

Deno.test("calls by path give 0, or the negative errno", () => {
  inTempDir((dir) => {
    const folder = `${dir}/caf\u00e9`;
    assertEquals(findPath(folder), -ERRNO.ENOENT);
    assertEquals(makeDirectory(folder, mode(0o700)), 0);
    assertEquals(makeDirectory(folder, mode(0o700)), -ERRNO.EEXIST);
    assertEquals(findPath(folder), 0);
    assertEquals(changeMode(folder, mode(0o711)), 0);
    assertEquals((Deno.statSync(folder).mode ?? 0) & 0o7777, 0o711);
    assertEquals(removeFile(folder), -ERRNO.EISDIR);
    assertEquals(removeEmpty(folder), 0);
    assertEquals(removeEmpty(folder), -ERRNO.ENOENT);
  });
});

Deno.test("writeFile() makes or empties a file, and without permissions wants one that is there", () => {
  inTempDir((dir) => {
    const file = `${dir}/f`;
    assertEquals(writeFile(file, "x", { create: null }), -ERRNO.ENOENT);
    const long = "\u20ac".repeat(20_000);
    assertEquals(writeFile(file, long, { create: mode(0o600) }), 0);
    assertEquals(Deno.readTextFileSync(file), long);
    assertEquals(writeFile(file, "", { create: mode(0o600) }), 0);
    assertEquals(Deno.readTextFileSync(file), "");
    assertEquals(writeFile(`${dir}/none/f`, "x", { create: mode(0o600) }), -ERRNO.ENOENT);
  });
});

Deno.test("replaceFile() gives a file another's name, whether there is one or not, and leaves no second one", () => {
  inTempDir((dir) => {
    const [draft, file] = [`${dir}/draft`, `${dir}/file`];
    for (const text of ["first", "second"]) {
      writeFile(draft, text, { create: mode(0o600) });
      assertEquals(replaceFile(draft, file), 0);
      assertEquals(Deno.readTextFileSync(file), text);
      assertEquals(Array.from(Deno.readDirSync(dir), ({ name }) => name), ["file"]);
    }
    assertEquals(replaceFile(draft, file), -ERRNO.ENOENT);
    assertEquals(Deno.readTextFileSync(file), "second");
  });
});

Deno.test("isAt() tells a folder from one that was made anew by its name, and from none", () => {
  inTempDir((dir) => {
    const folder = `${dir}/d`;
    Deno.mkdirSync(folder);
    using opened = openFile(folder, O.of("O_RDONLY", "O_DIRECTORY"));
    assertEquals(isAt(folder, opened.fd), true);
    Deno.removeSync(folder);
    assertEquals(isAt(folder, opened.fd), false);
    Deno.mkdirSync(folder);
    assertEquals(isAt(folder, opened.fd), false);
  });
});

Deno.test("arenas inside one another share memory, each text keeps its address until its arena ends", () => {
  using outer = new Arena();
  const first = outer.cString("outer");
  {
    using inner = new Arena();
    const second = inner.cString("inner");
    assertEquals(second, first + "outer".length + 1);
    const space = inner.reserve(12);
    assertEquals(inner.bytes(space) % 8, 0);
    assertEquals([...space], new Array(12).fill(0));
    space.fill(7);
    assert(inner.cString("x".repeat(100_000)) > 0, "what does not fit has memory of its own");
  }
  assertEquals(outer.cString("again"), first + "outer".length + 1);
  assertEquals([...outer.reserve(4)], [0, 0, 0, 0]);
});

Deno.test("realTime() is the engine's time too", () => {
  const before = new Date(Date.now() - 1000).toISOString();
  const text = rfc3339(realTime());
  assertMatch(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert(before < text && text < new Date(Date.now() + 1000).toISOString(), text);
});
