import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

function sandboxed(stage: Stage, script: string, ...flags: readonly string[]): Result {
  return stage.ocirt(["sandbox", ...flags, "--", "/bin/sh", "-c", script], { cwd: stage.dir });
}

/** What lines wrote that had to succeed. */
function told(stage: Stage, script: string, ...flags: readonly string[]): string {
  const { code, stdout, stderr } = sandboxed(stage, script, ...flags);
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, script);
  return stdout;
}

containerTest(
  "a sandbox shows this host's files, in the caller's folder, and keeps no write",
  (stage) => {
    const file = `${stage.dir}/file`;
    Deno.writeTextFileSync(file, "before");
    leavingNothing(stage, () => {
      const script = "pwd; cat file; echo after >file; cat file; rm -rf rootfs; ls; : >/etc/passwd";
      const folder = stage.dir;
      assertEquals(told(stage, script), `${folder}\nbefore` + "after\nfile\nstate\n");
    });
    assertEquals(Deno.readTextFileSync(file), "before");
    assertMatch(Deno.readTextFileSync("/etc/passwd"), /^root:/);
  },
  "overlay",
);

containerTest("a sandbox has its own processes, host name and devices", (stage) => {
  const script = "echo $$; hostname; echo $(ls /dev)";
  const [pid, hostname, devices = ""] = told(stage, script).split("\n");
  assertEquals([pid, hostname], ["1", "sandbox"]);
  assertStringIncludes(devices, "null");
  assertEquals(
    devices.split(" ").filter((name) => /^(sd|vd|nvme|mem|kmsg|loop)/.test(name)),
    [],
  );
});

containerTest("a sandbox has no network, unless --net shares the host's", (stage) => {
  const script = "readlink /proc/self/ns/net; cat /proc/net/dev";
  const [own = "", ...devices] = told(stage, script).split("\n");
  const host = Deno.readLinkSync("/proc/self/ns/net");
  assertEquals(own === host, false);
  assertEquals(devices.filter((line) => line.includes(":")).length >= 1, true);
  assertStringIncludes(devices.join("\n"), "lo:");
  assertEquals(/eth|en[ops]/.test(devices.join("\n")), false);
  assertEquals(told(stage, script, "--net").split("\n")[0], host);
});

containerTest("what is written below --rw reaches the host, and nothing else does", (stage) => {
  Deno.mkdirSync(`${stage.dir}/out`);
  told(stage, "echo one >out/a; echo two >b", "--rw", "out");
  assertEquals(Deno.readTextFileSync(`${stage.dir}/out/a`), "one\n");
  assertEquals(Array.from(Deno.readDirSync(stage.dir), ({ name }) => name).includes("b"), false);
});

containerTest("--bind shows a folder or file elsewhere, read-only when asked", (stage) => {
  Deno.mkdirSync(`${stage.dir}/data`);
  Deno.writeTextFileSync(`${stage.dir}/data/x`, "text");
  assertEquals(told(stage, "cat /mnt/x; echo y >/mnt/y", "--bind", "data:/mnt"), "text");
  assertEquals(Deno.readTextFileSync(`${stage.dir}/data/y`), "y\n");
  const { code, stderr } = sandboxed(stage, "echo z >/mnt/z", "--bind", "data:/mnt:ro");
  assertEquals(code === 0, false);
  assertMatch(stderr, /Read-only file system/);
  assertEquals(told(stage, "cat /etc/hostname", "--bind", "data/x:/etc/hostname"), "text");
});

containerTest("the command's exit status, input and signals are the sandbox's", (stage) => {
  assertEquals(sandboxed(stage, "exit 9").code, 9);
  const stdin = "echo from stdin";
  assertEquals(stage.ocirt(["sandbox", "--", "/bin/sh"], { stdin }).stdout, "from stdin\n");
});

containerTest("a sandbox takes the command after -- as it is, options and all", (stage) => {
  const args = ["sandbox", "--", "/bin/echo", "--net", "--help", "a  b", ""];
  assertEquals(stage.ocirt(args), { code: 0, stdout: "--net --help a  b \n", stderr: "" });
  assertEquals(stage.ocirt(["sandbox", "/bin/echo", "--net"]).stdout, "--net\n");
});

containerTest(
  "a command that is not there, a bind that is none, are one sentence each",
  (stage) => {
    leavingNothing(stage, () => {
      const missing = stage.ocirt(["sandbox", "--", "nonesuch-program"]);
      assertEquals([missing.code, missing.stdout], [1, ""]);
      assertMatch(
        messageOf(missing),
        /^ocirt sandbox failed: .*exec: "nonesuch-program": executable file not found in \$PATH$/,
      );
      const bind = sandboxed(stage, "true", "--bind", "none:/mnt");
      assertEquals(bind.code, 1);
      assertMatch(messageOf(bind), /none" ?.*ENOENT/);
      const form = sandboxed(stage, "true", "--bind", "a:b");
      assertMatch(messageOf(form), /Cannot use --bind "a:b": the path in the container, "b"/);
      assertMatch(messageOf(stage.ocirt(["sandbox"])), /requires a minimum of 1 argument/);
    });
  },
);
