import { assertEquals, assertMatch } from "@std/assert";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import type { Edit } from "tests/support/bundle.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

function ip(...args: readonly string[]): string {
  const { code, stdout, stderr } = runProgram(["ip", ...args]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
  return stdout;
}

interface Pair {
  /** The end that is moved. */
  readonly device: string;
  readonly peer: string;
  /** A named network namespace, and its file. */
  readonly namespace: string;
  readonly path: string;
}

/** A test with a pair of devices and a network namespace, both gone at its end wherever they got to. */
function deviceTest(name: string, test: (stage: Stage, pair: Pair) => void): void {
  containerTest(name, (stage) => {
    const mark = stage.dir.slice(-6).toLowerCase();
    const pair: Pair = {
      device: `oca${mark}`,
      peer: `ocb${mark}`,
      namespace: `ocirt-test-${mark}`,
      path: `/run/netns/ocirt-test-${mark}`,
    };
    const mounted = netnsMounted();
    try {
      ip("netns", "add", pair.namespace);
      ip("link", "add", pair.device, "type", "veth", "peer", "name", pair.peer);
      test(stage, pair);
    } finally {
      runProgram(["ip", "link", "del", pair.peer]);
      runProgram(["ip", "netns", "del", pair.namespace]);
      // The first one that is named makes its folder a mount.
      if (!mounted) runProgram(["umount", "/run/netns"]);
    }
  });
}

function netnsMounted(): boolean {
  return / \/run\/netns /.test(Deno.readTextFileSync("/proc/self/mountinfo"));
}

/** Has the device moved, as `name` when given, and shows a device of the container. */
function moving(pair: Pair, { name, show }: { name?: string; show?: string } = {}): Edit {
  return (config): void => {
    config.linux["netDevices"] = { [pair.device]: name === undefined ? {} : { name } };
    config.process.args = ["ip", "address", "show", "dev", show ?? name ?? pair.device];
  };
}

/** The same in the namespace of the test. */
function joining(pair: Pair, edit: Edit): Edit {
  return (config): void => {
    for (const namespace of config.linux.namespaces) {
      if (namespace.type === "network") namespace.path = pair.path;
    }
    edit(config);
  };
}

deviceTest("a network device of the host's is in the container, and up", (stage, pair) => {
  const { code, stdout, stderr } = stage.container(moving(pair)).run();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, new RegExp(`${pair.device}@.*[<,]UP[,>]`));
});

deviceTest(
  "its global permanent addresses, size and hardware address come along",
  (stage, pair) => {
    const { device, peer } = pair;
    ip("link", "set", device, "mtu", "1789", "address", "02:11:22:33:44:55");
    ip("link", "set", peer, "up");
    ip("link", "set", device, "up");
    ip("address", "add", "169.254.169.77/32", "dev", device);
    ip("address", "add", "198.51.100.1/24", "broadcast", "198.51.100.255", "dev", device);
    ip("address", "add", "198.51.100.2/24", "dev", device);
    ip("address", "add", "2001:db8::5/64", "dev", device, "nodad", "noprefixroute");
    ip("address", "add", "127.0.0.33", "dev", device);
    ip("address", "add", "203.0.113.9/24", "dev", device, "scope", "link");
    ip("address", "add", "192.0.2.1/24", "dev", device, "valid_lft", "100", "preferred_lft", "50");
    const shown = stage.sh("ip address show dev inside", (config) => {
      const { args } = config.process;
      joining(pair, moving(pair, { name: "inside" }))(config);
      config.process.args = args;
    });
    assertMatch(shown, /inside@.* mtu 1789 /);
    assertMatch(shown, /link\/ether 02:11:22:33:44:55/);
    assertEquals(shown.match(/inet6? [0-9a-f.:]+\/\d+/g)?.filter((it) => !it.includes("fe80")), [
      "inet 169.254.169.77/32",
      "inet 198.51.100.1/24",
      "inet 198.51.100.2/24",
      "inet6 2001:db8::5/64",
    ]);
    assertMatch(shown, /198.51.100.1\/24 brd 198.51.100.255/);
    assertMatch(ip("-n", pair.namespace, "address"), /inside@[^]*169.254.169/);
  },
);

deviceTest("%d in the new name is the first number that is free", (stage, pair) => {
  ip("-n", pair.namespace, "link", "add", "box0", "type", "veth", "peer", "name", "box2");
  const edit = joining(pair, moving(pair, { name: "box%d", show: "box1" }));
  assertMatch(stage.container(edit).run().stdout, /box1@/);
});

deviceTest("a device stays where the container was when that is deleted", (stage, pair) => {
  const edit = joining(pair, (config) => {
    moving(pair)(config);
    config.process.args = ["sleep", "100"];
  });
  const c = stage.container(edit).create().start();
  assertEquals(c.do("delete", "--force").code, 0);
  assertMatch(ip("-n", pair.namespace, "link"), new RegExp(pair.device));
});

deviceTest("a device goes into the network namespace of a user namespace", (stage, pair) => {
  const { code, stdout, stderr } = stage.container((config) => {
    moving(pair)(config);
    config.linux.namespaces.push({ type: "user" });
    const map = [{ containerID: 0, hostID: 100000, size: 65536 }];
    Object.assign(config.linux, { uidMappings: map, gidMappings: map });
  }).run();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, new RegExp(`${pair.device}@`));
});

deviceTest("a device that is not there is refused by name", (stage, pair) => {
  const c = stage.container((config) => config.linux["netDevices"] = { none0: {} });
  const message = messageOf(c.launch("create"));
  assertEquals(
    message,
    'ocirt create failed: Cannot move network device "none0" (/linux/netDevices/none0): ' +
      "ENODEV (No such device); hint: there is no network device of this name on the host",
  );
  assertMatch(ip("link", "show", pair.device), /state DOWN/);
});

deviceTest(
  "a name that is taken inside is refused, and the device stays as it was",
  (stage, pair) => {
    ip("link", "set", pair.device, "up");
    ip("address", "add", "198.51.100.1/24", "dev", pair.device);
    const c = stage.container(moving(pair, { name: "lo" }));
    assertMatch(
      messageOf(c.launch("create")),
      /Cannot move network device "oca\w+" \(.*\): EEXIST \(File exists\); hint: the container has a network device "lo" already$/,
    );
    assertMatch(ip("address", "show", pair.device), /[<,]UP[,>][^]*198\.51\.100\.1/);
  },
);

deviceTest("what fails later gives the host its devices back, as they were", (stage, pair) => {
  ip("link", "set", pair.device, "up");
  ip("address", "add", "198.51.100.1/24", "dev", pair.device);
  ip("address", "add", "2001:db8::5/64", "dev", pair.device, "nodad");
  const before = ip("address", "show", pair.device);
  const mounting = stage.container((config) => {
    moving(pair, { name: "inside" })(config);
    config.mounts.push({ destination: "/tmp", type: "moonfs", source: "x" });
  });
  assertMatch(messageOf(mounting.launch("create")), /ENODEV/);
  const second = stage.container((config) => {
    config.linux["netDevices"] = { [pair.device]: {}, none0: {} };
  });
  assertMatch(messageOf(second.launch("create")), /none0/);
  const pidFile = stage.container(moving(pair)).launch("create", "--pid-file", "/none/such/pid");
  assertMatch(messageOf(pidFile), /pid/);
  const shape = (text: string): string[] => text.match(/[<,]UP[,>]|inet6? [0-9a-f.:]+\/\d+/g) ?? [];
  assertEquals(shape(ip("address", "show", pair.device)).sort(), shape(before).sort());
});

deviceTest("network devices need a network namespace", (stage, pair) => {
  const c = stage.container((config) => {
    moving(pair)(config);
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "network");
  });
  assertMatch(
    messageOf(c.launch("create")),
    /unable to move network devices without a NET namespace/,
  );
});
