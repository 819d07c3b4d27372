import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SpecError } from "runtime/base/errors.ts";
import { parseConfig, parseResources } from "runtime/spec/parse.ts";
import { validate, validateResources } from "runtime/spec/validate.ts";
import {
  CONTEXT,
  type Draft,
  FACTS,
  fixture,
  fixtureNames,
  problemsOf,
  problemsWith,
  validWith,
} from "tests/support/spec_fixtures.ts";

const linux = (change: (linux: Draft) => void) => (config: Draft): void => change(config.linux);
const without = (...types: string[]) =>
  linux((linux) =>
    linux.namespaces = linux.namespaces.filter(({ type }: Draft) => !types.includes(type))
  );

Deno.test("validate() takes what runc, crun, Docker, containerd and podman write, without a warning", () => {
  for (const name of fixtureNames()) {
    const spec = validate(parseConfig(fixture(name), name), CONTEXT);
    assertEquals(spec.warnings, [], name);
  }
});

Deno.test("validate() reports all problems of a file in one error that names it", () => {
  const error = assertThrows(
    () =>
      validWith((config) => {
        config.process.cwd = "x";
        config.linux.namespaces.push({ type: "pid" });
        config.hostname = "h".repeat(65);
      }),
    SpecError,
  );
  assertEquals(error.problems.length, 3);
  assert(error.message.startsWith("Cannot use config.json: "));
  assertStringIncludes(
    error.message,
    '/linux/namespaces/6: malformed spec file: duplicated ns "pid" (first at /linux/namespaces/0)',
  );
});

Deno.test("a config without linux is valid as long as nothing in it needs a namespace", () => {
  const spec = validWith((config) => {
    delete config.linux;
    delete config.hostname;
  });
  assertEquals([spec.namespaces, spec.hostname, spec.rootfsPropagation], [[], null, null]);
});

Deno.test("root must be given", () => {
  assertEquals(problemsWith((config) => delete config.root), ["/root: root must be specified"]);
  assertEquals(validWith((config) => config.root.path = "/x/../srv/").root, {
    kind: "directory",
    path: "/srv",
    readonly: true,
  });
});

Deno.test("versions above 1.x are refused, what is no version is warned of", () => {
  assertEquals(problemsWith((config) => config.ociVersion = "2.0.0"), [
    '/ociVersion: "2.0.0" is not supported; versions up to 1.x are',
  ]);
  assertEquals(validWith((config) => config.ociVersion = "new").warnings, [
    '/ociVersion: "new" is not a version number',
  ]);
  assertEquals(validWith((config) => config.ociVersion = "1.0.0-rc5+dev").warnings, []);
});

Deno.test("names and restricted paths need their namespaces, in runc's words", () => {
  const problems = problemsWith((config) => {
    config.domainname = "d";
    without("uts", "mount")(config);
  });
  assertEquals(problems, [
    "/hostname: unable to set hostname without a private UTS namespace",
    "/domainname: unable to set domainname without a private UTS namespace",
    "/linux/maskedPaths: unable to restrict sys entries without a private MNT namespace",
    "/linux/readonlyPaths: unable to restrict sys entries without a private MNT namespace",
  ]);
});

Deno.test("user namespaces and mappings need each other, in runc's words", () => {
  const map = (containerID: number): Draft => [{ containerID, hostID: 1000, size: 5 }];
  const user = { type: "user" };
  assertEquals(problemsWith(linux((linux) => linux.namespaces.push(user))), [
    "/linux/uidMappings: user namespaces enabled, but no uid mappings found",
    "/linux/gidMappings: user namespaces enabled, but no gid mappings found",
  ]);
  assertEquals(problemsWith(linux((linux) => linux.gidMappings = map(0))), [
    "/linux/gidMappings: user namespace mappings specified, but user namespace isn't enabled in the config",
  ]);
  const problems = problemsWith((config) => {
    config.linux.namespaces.push(user);
    config.linux.uidMappings = config.linux.gidMappings = map(1);
    delete config.process;
  });
  assertEquals(problems, [
    "/linux/uidMappings: user namespaces enabled, but no mapping found for uid 0",
    "/linux/gidMappings: user namespaces enabled, but no mapping found for gid 0",
  ]);
});

Deno.test("mappings that the kernel would refuse are refused with a reason", () => {
  const problems = problemsWith(linux((linux) => {
    linux.namespaces.push({ type: "user" });
    linux.gidMappings = [{ containerID: 0, hostID: 0, size: 4294967295 }];
    linux.uidMappings = [
      { containerID: 0, hostID: 0, size: 10 },
      { containerID: 9, hostID: 100, size: 1 },
      { containerID: 20, hostID: 4294967290, size: 6 },
      { containerID: 50, hostID: 200, size: 0 },
    ];
  }));
  assertEquals(problems, [
    "/linux/uidMappings/1/containerID: overlaps the range of /linux/uidMappings/0",
    "/linux/uidMappings/2/hostID: 4294967290 and the 6 ids from there on end above 4294967294",
    "/linux/uidMappings/3/size: 0 maps no id; at least 1 is required",
  ]);
});

Deno.test("the mappings of a user namespace to join must be those of the file, if it has any", () => {
  const actual = [{ containerID: 0, hostID: 1000, size: 10 }];
  const context = {
    ...CONTEXT,
    userNamespaceMappings: () => ({ uidMappings: actual, gidMappings: actual }),
  };
  const joining = (mappings: Draft) => (config: Draft): void => {
    config.linux.namespaces.push({ type: "user", path: "/proc/1/ns/user" });
    if (mappings !== null) config.linux.uidMappings = config.linux.gidMappings = mappings;
  };
  assertEquals(validWith(joining(null), context).uidMappings, actual);
  assertEquals(validWith(joining(actual), context).warnings, [
    "/linux/uidMappings: both a user namespace path and (matching) mappings are specified -- you may only provide one",
  ]);
  assertEquals(problemsWith(joining([{ containerID: 0, hostID: 7, size: 10 }]), context), [
    "/linux/uidMappings: user namespaces enabled, but both namespace path and non-matching mapping specified -- you may only provide one",
  ]);
});

Deno.test("time offsets need a new time namespace and a known clock", () => {
  const offsets = (namespace: Draft, timeOffsets: Draft): string[] =>
    problemsWith(linux((linux) => {
      if (namespace !== null) linux.namespaces.push(namespace);
      linux.timeOffsets = timeOffsets;
    }));
  assertEquals(offsets(null, { boottime: { secs: 1 } }), [
    "/linux/timeOffsets: time namespace offsets specified, but time namespace isn't enabled in the config",
  ]);
  assertEquals(offsets({ type: "time", path: "/proc/1/ns/time" }, { boottime: { secs: 1 } }), [
    "/linux/timeOffsets: time namespace enabled, but both namespace path and time offsets specified -- you may only provide one",
  ]);
  assertEquals(offsets({ type: "time" }, { realtime: {}, monotonic: { nanosecs: 1e9 } }), [
    '/linux/timeOffsets/realtime: "realtime" is not one of monotonic, boottime',
    "/linux/timeOffsets/monotonic/nanosecs: 1000000000 is not in the range 0 to 999999999",
  ]);
});

Deno.test("hooks need absolute paths and timeouts above zero", () => {
  const problems = problemsWith((config) =>
    config.hooks = { poststop: [{ path: "/ok" }, { path: "bin/x", timeout: 0 }] }
  );
  assertEquals(problems, [
    '/hooks/poststop/1/path: "bin/x" is not an absolute path',
    "/hooks/poststop/1/timeout: 0 is not greater than zero (seconds)",
  ]);
});

Deno.test("devices need numbers, and one path is one device", () => {
  const device = (fields: Draft): Draft => ({
    type: "c",
    path: "/dev/a",
    major: 1,
    minor: 3,
    ...fields,
  });
  const spec = validWith(
    linux((linux) =>
      linux.devices = [device({ fileMode: 0o20660, uid: 5 }), { type: "p", path: "/dev//f" }]
    ),
  );
  assertEquals(spec.devices, [
    {
      type: "c",
      path: "/dev/a",
      major: 1,
      minor: 3,
      mode: 0o660,
      uid: 5,
      gid: 0,
      origin: "/linux/devices/0",
    },
    {
      type: "p",
      path: "/dev/f",
      major: 0,
      minor: 0,
      mode: 0o666,
      uid: 0,
      gid: 0,
      origin: "/linux/devices/1",
    },
  ]);
  const devices = [device({}), device({ type: "u" }), device({ minor: 4 }), {
    type: "b",
    path: "/dev/b",
    major: 4096,
  }];
  assertEquals(problemsWith(linux((linux) => linux.devices = devices)), [
    '/linux/devices/2/path: "/dev/a" is another device at /linux/devices/0',
    "/linux/devices/3/major: 4096 is not in the range 0 to 4095",
    '/linux/devices/3/minor: is missing; a device of type "b" requires it',
  ]);
});

Deno.test("network devices need a network namespace, root and good names", () => {
  const devices = {
    eth0: { name: "a/b" },
    eth1: { name: "x" },
    eth2: { name: "x" },
    e4: { name: "v%d" },
    e5: { name: "v%d" },
    e6: { name: "v%s" },
    e7: { name: "%d%d" },
  };
  assertEquals(problemsWith(linux((linux) => linux.netDevices = devices)), [
    '/linux/netDevices/eth0: invalid network device name "a/b"',
    '/linux/netDevices/eth2/name: "x" is also the name for /linux/netDevices/eth1',
    '/linux/netDevices/e6: invalid network device name "v%s"',
    '/linux/netDevices/e7: invalid network device name "%d%d"',
  ]);
  const problems = problemsWith((config) => {
    config.linux.netDevices = { eth0: {} };
    without("network")(config);
  }, { ...CONTEXT, facts: { ...FACTS, euid: 1 } });
  assertEquals(problems, [
    "/linux/namespaces: rootless container requires user namespaces",
    "/linux/netDevices: unable to move network devices without a NET namespace",
    "/linux/netDevices: network devices are not supported for rootless containers",
  ]);
});

Deno.test("memory policies are held to set_mempolicy(2), in runc's words", () => {
  const policy = (memoryPolicy: Draft): string[] =>
    problemsWith(linux((linux) => linux.memoryPolicy = memoryPolicy));
  const modes =
    "MPOL_BIND, MPOL_DEFAULT, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE";
  assertEquals(policy({ mode: "INVALID", nodes: "0" }), [
    `/linux/memoryPolicy/mode: invalid memory policy mode "INVALID"; known: ${modes}`,
  ]);
  assertEquals(policy({ mode: "MPOL_BIND", nodes: "0", flags: ["BAD"] }), [
    '/linux/memoryPolicy/flags/0: invalid memory policy flag "BAD"; known: MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES',
  ]);
  assertEquals(policy({ mode: "MPOL_BIND", nodes: "a" }), [
    '/linux/memoryPolicy/nodes: invalid memory policy nodes "a": "a" is no number or range of numbers',
  ]);
  assertEquals(policy({ mode: "MPOL_DEFAULT", nodes: "0-7" }), [
    "/linux/memoryPolicy/nodes: invalid memory policy: MPOL_DEFAULT: mode requires 0 nodes but got 8",
  ]);
  assertEquals(policy({ mode: "MPOL_INTERLEAVE" }), [
    "/linux/memoryPolicy/nodes: invalid memory policy: MPOL_INTERLEAVE: mode requires at least one node but got 0",
  ]);
  const flags = ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"];
  assertEquals(policy({ mode: "MPOL_PREFERRED", flags }), [
    "/linux/memoryPolicy/flags: invalid memory policy flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other",
  ]);
});

Deno.test("a memory policy may name more nodes than any kernel has", () => {
  const spec = validWith(linux((linux) => {
    linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0-2000", flags: ["MPOL_F_STATIC_NODES"] };
    linux.personality = { domain: "LINUX32", flags: [] };
  }));
  assertEquals(spec.memoryPolicy?.nodes?.ids.size, 2001);
  assertEquals(spec.personality, "LINUX32");
});

Deno.test("personality flags, odd intelRdt values and an empty annotation key are refused", () => {
  const problems = problemsWith((config) => {
    config.annotations = { "": "x" };
    config.linux.personality = { domain: "LINUX32", flags: ["SHORT_INODE"] };
    config.linux.intelRdt = { closID: "a/b", memBwSchema: "L3:0=f", schemata: ["a\nb"] };
  });
  assertEquals(problems, [
    "/annotations/: an annotation key must not be empty",
    '/linux/intelRdt/closID: invalid intelRdt.ClosID "a/b"',
    '/linux/intelRdt/memBwSchema: "L3:0=f" is not one line that starts with "MB:"',
    '/linux/intelRdt/schemata/0: "a\\nb" is more than one line',
    "/linux/personality/flags: unsupported personality flags: SHORT_INODE; there are none yet",
  ]);
  assertEquals(problemsWith(linux((linux) => linux.intelRdt = { closID: "/" })), []);
});

Deno.test("relative restricted paths are taken from the container's root, with a warning", () => {
  const spec = validWith(linux((linux) => linux.maskedPaths = ["proc/kcore", "/a/../b"]));
  assertEquals(spec.maskedPaths.map(({ path }) => path), ["/proc/kcore", "/b"]);
  assertEquals(spec.warnings.length, 1);
});

Deno.test("resources are held to what every cgroup version needs", () => {
  const resources = {
    devices: [{ allow: true }, { allow: true, type: "d", access: "rx", major: -2 }],
    hugepageLimits: [{ pageSize: "2 MB", limit: 1 }],
    unified: { "../x": "1" },
  };
  const expected = [
    "/devices/0/access: device access at 0 field cannot be empty",
    '/devices/1/type: invalid cgroup device type "d"; known: a, b, c',
    "/devices/1/major: -2 is neither a number from 0 nor -1 (any)",
    '/hugepageLimits/0/pageSize: "2 MB" is not a number followed by KB, MB or GB',
    '/unified/..~1x: unified resource "../x" must be a file name (no slashes)',
  ];
  const { warnings } = validWith(linux((linux) => linux.resources.devices[0].access = "rwa"));
  assertEquals(warnings, [
    '/linux/resources/devices/0/access: in "rwa" only r, w and m have a meaning',
  ]);
  const parsed = parseResources(JSON.stringify(resources), "-");
  assertEquals(problemsOf(() => validateResources(parsed, "-")), expected);
  assertEquals(
    problemsWith(linux((linux) => linux.resources = resources)),
    expected.map((problem) => `/linux/resources${problem}`),
  );
});
