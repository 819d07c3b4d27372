import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { specTemplate } from "runtime/spec/template.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

containerTest("spec writes runc's default config.json into the current folder", (stage) => {
  assertEquals(stage.ocirt(["spec"], { cwd: stage.dir }), { code: 0, stdout: "", stderr: "" });
  const text = Deno.readTextFileSync(`${stage.dir}/config.json`);
  const hasCgroupNamespace = text.includes('"type": "cgroup"\n\t\t\t}\n\t\t]');
  assertEquals(
    text,
    specTemplate({ rootless: null, cgroup2: hasCgroupNamespace, hostname: "ocirt" }),
  );
  assertStringIncludes(text, '{\n\t"ociVersion": "1.3.0",\n\t"process": {\n\t\t"terminal": true,');
});

containerTest("the file that spec writes has the mode that the caller's umask leaves", (stage) => {
  for (const [umask, mode] of [["0022", 0o644], ["0077", 0o600], ["0000", 0o666]] as const) {
    const folder = Deno.makeTempDirSync({ dir: stage.dir });
    const script = `umask ${umask}; exec "$0" spec --bundle "$1"`;
    assertEquals(runProgram(["/bin/sh", "-c", script, OCIRT, folder]).code, 0);
    const info = Deno.statSync(`${folder}/config.json`);
    assertEquals([umask, (info.mode ?? 0) & 0o777], [umask, mode]);
  }
});

containerTest("spec overwrites nothing", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/config.json`, "mine");
  const result = stage.ocirt(["spec", "--bundle", stage.dir]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertEquals(messageOf(result), "File config.json exists. Remove it first");
  assertEquals(Deno.readTextFileSync(`${stage.dir}/config.json`), "mine");
});

containerTest("spec --file names the file, --bundle the folder", (stage) => {
  assertEquals(stage.ocirt(["spec", "-b", stage.dir, "-f", "other.json"]).code, 0);
  assertEquals(JSON.parse(Deno.readTextFileSync(`${stage.dir}/other.json`)).hostname, "ocirt");
  const result = stage.ocirt(["spec", "-b", `${stage.dir}/none`]);
  assertEquals(result.code, 1);
  assertMatch(messageOf(result), /\/none.*ENOENT/);
});

containerTest(
  "spec --rootless maps the caller to root and asks for no network namespace",
  (stage) => {
    assertEquals(stage.ocirt(["spec", "--rootless"], { cwd: stage.dir }).code, 0);
    const { linux, mounts } = JSON.parse(Deno.readTextFileSync(`${stage.dir}/config.json`));
    assertEquals(linux.uidMappings, [{ containerID: 0, hostID: 0, size: 1 }]);
    assertEquals(linux.gidMappings, [{ containerID: 0, hostID: 0, size: 1 }]);
    const types = linux.namespaces.map(({ type }: { type: string }) => type);
    assertEquals([types.includes("network"), types.includes("user")], [false, true]);
    assertEquals("resources" in linux, false);
    const sys = mounts.find(({ destination }: { destination: string }) => destination === "/sys");
    assertEquals(sys, {
      destination: "/sys",
      type: "none",
      source: "/sys",
      options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
    });
  },
);

containerTest("what spec wrote runs, once terminal is false", (stage) => {
  assertEquals(stage.ocirt(["spec"], { cwd: stage.dir }).code, 0);
  const file = `${stage.dir}/config.json`;
  const text = Deno.readTextFileSync(file).replace('"terminal": true', '"terminal": false');
  Deno.writeTextFileSync(file, text);
  const stdin = "echo $(hostname) $$ $PATH; touch /x; id -u; exit 5\n";
  const result = runProgram([OCIRT, "--root", stage.root, "run", "x"], { cwd: stage.dir, stdin });
  assertEquals([result.code, result.stdout], [
    5,
    "ocirt 1 /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n0\n",
  ]);
  assertMatch(result.stderr, /\/x: Read-only file system/);
});
