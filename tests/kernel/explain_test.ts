import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { leftovers } from "tests/support/leftovers.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

interface Explained {
  readonly steps: readonly {
    readonly label: string;
    readonly origin: string;
    readonly calls: readonly { readonly text: string; readonly forgives: readonly string[] }[];
  }[];
  readonly host: readonly { readonly text: string; readonly origin: string }[];
  readonly warnings: readonly string[];
}

containerTest(
  "explain tells every step with its calls and where config.json asks for it",
  (stage) => {
    const c = stage.container((config) => {
      config.linux["sysctl"] = { "net.ipv4.ip_forward": "1" };
    });
    const { code, stdout, stderr } = stage.ocirt(["explain", "-b", c.bundle, "--format", "json"]);
    assertEquals([code, stderr], [0, ""]);
    const { steps, host } = JSON.parse(stdout) as Explained;
    const origins = steps.map(({ origin }) => origin);
    for (
      const pointer of [
        "/mounts/0",
        "/mounts/6",
        "/linux/maskedPaths/2",
        "/linux/readonlyPaths/0",
        "/linux/sysctl/net.ipv4.ip_forward",
        "/process/cwd",
        "/process/args",
        "/hostname",
      ]
    ) {
      assert(origins.includes(pointer), `${pointer} is in ${origins.join(" ")}`);
    }
    const hostname = steps.find(({ origin }) => origin === "/hostname");
    assertMatch(hostname?.calls[0]?.text ?? "", /^sethostname\("box", 3\)/);
    const execute = steps.find(({ origin }) => origin === "/process/args");
    assertMatch(execute?.calls.map(({ text }) => text).join("\n") ?? "", /^execve/m);
    assert(host.some(({ origin }) => origin === "/linux/cgroupsPath"), "the host makes a cgroup");
  },
);

containerTest("explain names flags, not numbers, and is read by people as text", (stage) => {
  const { code, stdout, stderr } = stage.ocirt(["explain"], { cwd: stage.container().bundle });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "In the container's process:\n");
  assertStringIncludes(stdout, "On the host:\n");
  assertMatch(stdout, /MOUNT_ATTR_NOSUID\|MOUNT_ATTR_NODEV\|MOUNT_ATTR_NOEXEC/);
  assertMatch(stdout, /pivot_root\("\.", "\."\)/);
});

containerTest("explain does nothing", (stage) => {
  const c = stage.container();
  const before = leftovers(stage);
  assertEquals(stage.ocirt(["explain", "-b", c.bundle]).code, 0);
  assertEquals(leftovers(stage), before);
});

containerTest("explain needs no privilege", (stage) => {
  const c = stage.container();
  Deno.chmodSync(c.bundle, 0o755);
  const drop = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const { code, stdout, stderr } = runProgram([...drop, OCIRT, "explain", "-b", c.bundle]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /pivot_root/);
});

containerTest("explain refuses what create would refuse", (stage) => {
  const c = stage.container((config) => config.process.cwd = "relative");
  const result = stage.ocirt(["explain", "-b", c.bundle]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertMatch(messageOf(result), /\/process\/cwd: "relative"/);
});

containerTest("explain says that there is nothing to explain without a process", (stage) => {
  const c = stage.container((config) => delete (config as Partial<typeof config>).process);
  const result = stage.ocirt(["explain", "-b", c.bundle]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertEquals(messageOf(result), "Cannot explain config.json: it has no process property");
});
