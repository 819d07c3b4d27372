import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { requires } from "tests/support/requires.ts";
import { inTempDir } from "tests/support/temp_dir.ts";

Deno.test("man prints one page, and --dir writes all of them into a folder that it makes", () => {
  inTempDir((dir) => {
    const run = runProgram([OCIRT, "man", "run"]);
    assertEquals([run.code, run.stderr], [0, ""]);
    const result = runProgram([OCIRT, "man", "--dir", "share/man8"], { cwd: dir });
    assertEquals(result, { code: 0, stdout: "", stderr: "" });
    assertEquals(Deno.readTextFileSync(`${dir}/share/man8/ocirt-run.8`), run.stdout);
    assertEquals(
      Deno.readTextFileSync(`${dir}/share/man8/ocirt.8`),
      runProgram([OCIRT, "man"]).stdout,
    );
  });
});

Deno.test("man says which page there is not, and where it cannot write", () => {
  const unknown = runProgram([OCIRT, "man", "walk"]);
  assertEquals(unknown.code, 1);
  assertMatch(messageOf(unknown), /^Cannot show manual page of "walk": there is no such command; /);
  const refused = runProgram([OCIRT, "man", "--dir", "/proc/nothing"]);
  assertEquals(refused.code, 1);
  assertMatch(messageOf(refused), /^Cannot write manual pages to "\/proc\/nothing": ENOENT/);
});

Deno.test("a link of another name has pages of that name", () => {
  inTempDir((dir) => {
    Deno.symlinkSync(OCIRT, `${dir}/runc`);
    const { stdout } = runProgram([`${dir}/runc`, "man", "exec"]);
    assertStringIncludes(stdout, "\nrunc\\-exec \\- ");
    assert(!/ocirt/i.test(stdout), stdout);
  });
});

Deno.test({
  name: "mandoc has nothing to say against any page but that it has no date",
  ignore: requires("mandoc"),
  fn(): void {
    inTempDir((dir) => {
      assertEquals(runProgram([OCIRT, "man", "--dir", dir]).code, 0);
      const names = Array.from(Deno.readDirSync(dir), ({ name }) => name);
      const { stdout } = runProgram(["mandoc", "-T", "lint", "-W", "warning", ...names], {
        cwd: dir,
      });
      const warnings = stdout.trim().split("\n").filter((line) => !line.includes("missing date"));
      assertEquals(warnings, []);
    });
  },
});
