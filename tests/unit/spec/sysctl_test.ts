import { assertEquals } from "@std/assert";
import { sysctlPath } from "runtime/spec/checks/sysctl.ts";
import { CONTEXT, problemsWith, validWith } from "tests/support/spec_fixtures.ts";

/** The problems of one key in a container without the named namespaces. */
function keyProblems(key: string, ...missing: string[]): string[] {
  return problemsWith((config) => {
    config.linux.sysctl = { [key]: "1" };
    config.linux.namespaces = config.linux.namespaces.filter(
      ({ type }: { type: string }) => !missing.includes(type),
    );
    if (missing.includes("uts")) delete config.hostname;
  }).map((problem) => problem.replace(/^\/linux\/sysctl\/[^:]*: /, ""));
}

Deno.test("sysctlPath() takes the first separator as the separator, as sysctl(8) does", () => {
  assertEquals(sysctlPath("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  assertEquals(sysctlPath("net/ipv4/ip_forward"), "net/ipv4/ip_forward");
  assertEquals(sysctlPath("net.ipv4.conf.eno2/100.rp_filter"), "net/ipv4/conf/eno2.100/rp_filter");
  assertEquals(sysctlPath("net/ipv4/conf/eno2.100/rp_filter"), "net/ipv4/conf/eno2.100/rp_filter");
});

Deno.test("settings of the container's namespaces are allowed", () => {
  for (
    const key of [
      "kernel.msgmax",
      "fs.mqueue.msg_max",
      "fs/mqueue/msg_max",
      "net.core.somaxconn",
      "kernel.domainname",
    ]
  ) assertEquals(keyProblems(key), [], key);
});

Deno.test("settings of the host's namespaces are refused, in runc's words", () => {
  assertEquals(keyProblems("kernel.sem", "ipc"), [
    'sysctl "kernel.sem" is not allowed in the hosts ipc namespace',
  ]);
  assertEquals(keyProblems("net/core/somaxconn", "network"), [
    'sysctl "net/core/somaxconn" not allowed in host network namespace',
  ]);
  assertEquals(keyProblems("kernel.domainname", "uts"), [
    'sysctl "kernel.domainname" is not in a separate kernel namespace',
  ]);
  assertEquals(keyProblems("user.max_pid_namespaces"), [
    'setting ucounts without a user namespace not allowed: "user.max_pid_namespaces"',
  ]);
  assertEquals(keyProblems("vm.swappiness"), [
    'sysctl "vm.swappiness" is not in a separate kernel namespace',
  ]);
  assertEquals(keyProblems("kernel.hostname"), [
    'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
  ]);
});

Deno.test("a domain name is set in one of two ways, or in both alike", () => {
  const problems = (value: string): string[] =>
    problemsWith((config) => {
      config["domainname"] = "one.example";
      config.linux.sysctl = { "kernel.domainname": value };
    });
  assertEquals(problems("one.example"), []);
  assertEquals(problems("two.example"), [
    '/linux/sysctl/kernel.domainname: sysctl "kernel.domainname" is not allowed as it conflicts with the OCI "domainname" field',
  ]);
});

Deno.test("a network namespace to join may turn out to be the runtime's own", () => {
  const change = (config: { linux: Record<string, unknown> }): void => {
    config.linux["sysctl"] = { "net.core.somaxconn": "1" };
    config.linux["namespaces"] = [{ type: "network", path: "/proc/1/ns/net" }, { type: "uts" }, {
      type: "mount",
    }];
  };
  assertEquals(problemsWith(change), []);
  assertEquals(problemsWith(change, { ...CONTEXT, namespaceIsHost: () => true }), [
    '/linux/sysctl/net.core.somaxconn: sysctl "net.core.somaxconn" not allowed in host network namespace',
  ]);
});

Deno.test("a key cannot lead out of the folder that its first part names", () => {
  for (
    const key of ["net/../kernel/core_pattern", "net.//.kernel.core_pattern", "net..x", "", "net/"]
  ) {
    assertEquals(
      keyProblems(key),
      [`sysctl ${JSON.stringify(key)} is no path below /proc/sys`],
      key,
    );
  }
});

Deno.test("sysctls keep value and origin", () => {
  const spec = validWith((config) => config.linux.sysctl = { "net/ipv4/ip_forward": "0 1" });
  assertEquals(spec.sysctl, [
    { path: "net/ipv4/ip_forward", value: "0 1", origin: "/linux/sysctl/net~1ipv4~1ip_forward" },
  ]);
});
