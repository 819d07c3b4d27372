import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

function refused(stage: Stage, key: string, edit: Edit = () => {}): string {
  const c = stage.container((config) => {
    config.linux["sysctl"] = { [key]: "1" };
    edit(config);
  });
  const result = c.launch("create");
  assertEquals([key, result.code, result.stdout], [key, 1, ""]);
  return messageOf(result);
}

containerTest(
  "parameters of the container's namespaces are written, the host's are untouched",
  (stage) => {
    const file = "/proc/sys/net/ipv4/ip_forward";
    const [forward, shared] = [file, "/proc/sys/kernel/shm_rmid_forced"].map((path) =>
      Deno.readTextFileSync(path)
    );
    const other = (value: string | undefined): string => value === "1\n" ? "0" : "1";
    const keys = [
      "net/ipv4/ip_forward",
      "kernel/shm_rmid_forced",
      "fs/mqueue/msg_max",
      "kernel/domainname",
    ];
    const seen = stage.sh(`cd /proc/sys; cat ${keys.join(" ")}`, (config) => {
      config.linux["sysctl"] = {
        "net.ipv4.ip_forward": other(forward),
        "kernel/shm_rmid_forced": other(shared),
        "fs.mqueue.msg_max": "7",
        "kernel.domainname": "sysctl.test",
      };
    });
    assertEquals(seen, `${other(forward)}\n${other(shared)}\n7\nsysctl.test\n`);
    assertEquals(Deno.readTextFileSync(file), forward);
  },
);

containerTest("a name with a dot in it goes by the slash form", (stage) => {
  const seen = stage.sh("cat /proc/sys/net/ipv4/conf/lo/forwarding", (config) => {
    config.linux["sysctl"] = { "net/ipv4/conf/lo/forwarding": "1" };
  });
  assertEquals(seen, "1\n");
});

containerTest(
  "a parameter of the host is refused in runc's words, with its place in the file",
  (stage) => {
    assertMatch(
      refused(stage, "kernel.panic"),
      /\/linux\/sysctl\/kernel\.panic: sysctl "kernel\.panic" is not in a separate kernel namespace/,
    );
    assertMatch(refused(stage, "vm.swappiness"), /not in a separate kernel namespace/);
    assertMatch(refused(stage, "kernel.hostname"), /conflicts with the OCI "hostname" field/);
    assertMatch(refused(stage, "user.max_uts_namespaces"), /without a user namespace not allowed/);
    for (const key of ["net/../kernel/panic", "net.ipv4/../../kernel/panic", "net/./x"]) {
      assertMatch(refused(stage, key), /is no path below \/proc\/sys/);
    }
  },
);

containerTest("a parameter whose namespace is the host's is refused", (stage) => {
  const without = (type: string): Edit => (config) => {
    config.linux.namespaces = config.linux.namespaces.filter((it) => it.type !== type);
    config.mounts = config.mounts.filter((it) => it.type !== "sysfs");
  };
  assertMatch(
    refused(stage, "net.ipv4.ip_forward", without("network")),
    /not allowed in host network namespace/,
  );
  assertMatch(
    refused(stage, "kernel.msgmax", without("ipc")),
    /not allowed in the hosts ipc namespace/,
  );
});

containerTest("the host's network namespace is known by any path", (stage) => {
  const message = refused(stage, "net.ipv4.ip_forward", (config) => {
    config.linux.namespaces = config.linux.namespaces.map((namespace) =>
      namespace.type === "network" ? { type: "network", path: "/proc/self/ns/net" } : namespace
    );
  });
  assertMatch(message, /not allowed in host network namespace/);
});

containerTest(
  "a parameter that the kernel does not have, or a value it refuses, fails the container",
  (stage) => {
    assertMatch(
      refused(stage, "net.ipv4.nonesuch"),
      /Cannot write "1" to "\/proc\/sys\/net\/ipv4\/nonesuch" .*ENOENT .*hint: this kernel has no such parameter/,
    );
    const c = stage.container((config) => config.linux["sysctl"] = { "net.ipv4.ip_forward": "x" });
    const result = c.launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), /Cannot write "x" to .*ip_forward" .*EINVAL/);
    assert(!stage.cgroups().some((path) => path.endsWith(c.id)));
  },
);
