import { assert, assertEquals, assertThrows } from "@std/assert";
import { SpecError, UsageError } from "runtime/base/errors.ts";
import {
  checkNamespacePaths,
  checkRootfs,
  readBundle,
  readUserFile,
  resolveUserPath,
} from "runtime/host/bundle.ts";
import { inTempDir } from "tests/support/temp_dir.ts";

Deno.test("readBundle() gives the folder without symlinks, and the text of its configuration", () => {
  inTempDir((dir) => {
    Deno.mkdirSync(`${dir}/b`);
    Deno.writeTextFileSync(`${dir}/b/config.json`, "{}");
    Deno.writeTextFileSync(`${dir}/b/other.json`, "[]");
    Deno.symlinkSync("b", `${dir}/link`);
    const expected = { bundle: `${dir}/b`, text: "{}", file: `${dir}/b/config.json` };
    assertEquals(readBundle(`${dir}/link`), expected);
    assertEquals(readBundle(`${dir}/b/../b/`), expected);
    assertEquals(readBundle(`${dir}/b`, "other.json").text, "[]");
  });
});

Deno.test("readBundle() says in one sentence what is missing", () => {
  inTempDir((dir) => {
    const message = (bundle: string): string =>
      assertThrows(() => readBundle(bundle), UsageError).message;
    assertEquals(
      message(`${dir}/none`),
      `Cannot use bundle ${dir}/none: ENOENT (No such file or directory)`,
    );
    const missing = message(dir);
    assert(missing.includes(`${dir}/config.json: ENOENT`) && missing.includes("spec"), missing);
    Deno.mkdirSync(`${dir}/config.json`);
    assertEquals(message(dir), `Cannot read ${dir}/config.json: EISDIR (Is a directory)`);
    Deno.writeTextFileSync(`${dir}/file`, "");
    assert(message(`${dir}/file`).includes("ENOTDIR"), message(`${dir}/file`));
  });
});

Deno.test("checkRootfs() takes a directory alone, and names /root/path otherwise", () => {
  inTempDir((dir) => {
    Deno.mkdirSync(`${dir}/rootfs`);
    Deno.symlinkSync("rootfs", `${dir}/link`);
    Deno.writeTextFileSync(`${dir}/file`, "");
    checkRootfs(`${dir}/rootfs`);
    checkRootfs(`${dir}/rootfs/`);
    checkRootfs("/");
    const cases: readonly (readonly [name: string, reason: string])[] = [
      ["none", "cannot be used: ENOENT (No such file or directory)"],
      ["file", "is not a directory"],
      ["link", "is a symlink; hint: give the directory it leads to"],
      ["link/", "is a symlink; hint: give the directory it leads to"],
    ];
    for (const [name, reason] of cases) {
      const error = assertThrows(() => checkRootfs(`${dir}/${name}`, "config.json"), SpecError);
      assertEquals(
        error.message,
        `Cannot use config.json: /root/path: "${dir}/${name}" ${reason}`,
      );
    }
  });
});

Deno.test("checkNamespacePaths() names every path that is not there", () => {
  const namespaces = [
    { path: "/proc/self/ns/net", origin: "/linux/namespaces/0" },
    { path: null, origin: "/linux/namespaces/1" },
    { path: "/nowhere/a", origin: "/linux/namespaces/2" },
    { path: "/nowhere/b", origin: "/linux/namespaces/3" },
  ];
  const error = assertThrows(() => checkNamespacePaths({ namespaces }), SpecError);
  assertEquals(error.problems.map(({ path }) => path), [
    "/linux/namespaces/2",
    "/linux/namespaces/3",
  ]);
  assert(error.message.includes('"/nowhere/a" cannot be used: ENOENT'), error.message);
});

Deno.test("resolveUserPath() leaves absolute paths alone and takes others from the caller's folder", () => {
  assertEquals(resolveUserPath("/a/../b"), "/a/../b");
  assertEquals(resolveUserPath("a/../b"), `${Deno.cwd()}/a/../b`);
  assertEquals(resolveUserPath("."), Deno.cwd());
});

Deno.test("a file without end is not read, one that is only below /dev is", () => {
  inTempDir((dir) => {
    for (const device of ["zero", "full", "urandom"]) {
      const message = `Cannot read /dev/${device}: it is a device that has no end`;
      assertThrows(() => readBundle(dir, `/dev/${device}`), UsageError, message);
      assertThrows(() => readUserFile(`/dev/${device}`), UsageError, message);
    }
    assertEquals(readBundle(dir, "/dev/null").text, "");
    assertEquals(readUserFile("/dev/null"), "");
  });
});
