import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "runtime/base/errors.ts";
import {
  changedProcess,
  describedProcess,
  type ProcessChanges,
} from "runtime/spec/changed_process.ts";
import type { ProcessConfig } from "runtime/spec/config.ts";

const BASE: ProcessConfig = {
  args: ["init"],
  cwd: "/base",
  env: ["PATH=/bin", "A=1"],
  terminal: true,
  consoleSize: { height: 1, width: 2 },
  user: { uid: 7, gid: 8, umask: 0o77, additionalGids: [9] },
  rlimits: [{ type: "RLIMIT_CORE", soft: 1n, hard: 2n }],
  oomScoreAdj: 5,
};

const NOTHING: ProcessChanges = {
  args: ["true"],
  cwd: null,
  env: [],
  tty: false,
  user: null,
  additionalGids: [],
  capabilities: [],
  noNewPrivileges: false,
  processLabel: null,
  apparmor: null,
};

function changed(
  changes: Partial<ProcessChanges>,
  base: Partial<ProcessConfig> = {},
): ProcessConfig {
  return changedProcess({ ...BASE, ...base }, { ...NOTHING, ...changes });
}

Deno.test("a process that says nothing but its arguments is the container's, without its terminal", () => {
  const { consoleSize: _size, ...rest } = BASE;
  assertEquals(changed({}), { ...rest, args: ["true"], terminal: false });
});

Deno.test("the container's own process is not changed", () => {
  const before = structuredClone(BASE);
  changed({ env: ["A=2"], additionalGids: ["3"], capabilities: ["CAP_KILL"], user: "1:2" });
  assertEquals(BASE, before);
});

Deno.test("each word of the command line takes the place of the container's", () => {
  const { cwd, terminal, noNewPrivileges, selinuxLabel, apparmorProfile } = changed({
    cwd: "/else",
    tty: true,
    noNewPrivileges: true,
    processLabel: "label",
    apparmor: "profile",
  });
  assertEquals(
    { cwd, terminal, noNewPrivileges, selinuxLabel, apparmorProfile },
    {
      cwd: "/else",
      terminal: true,
      noNewPrivileges: true,
      selinuxLabel: "label",
      apparmorProfile: "profile",
    },
  );
});

Deno.test("no_new_privs that the container has cannot be taken from its processes", () => {
  assertEquals(changed({}, { noNewPrivileges: true }).noNewPrivileges, true);
});

Deno.test("variables are put behind the container's, in their order", () => {
  assertEquals(changed({ env: ["A=2", "B=,"] }).env, ["PATH=/bin", "A=1", "A=2", "B=,"]);
  const { env: _env, ...bare } = BASE;
  assertEquals(changedProcess(bare, { ...NOTHING, env: ["A=2"] }).env, ["A=2"]);
});

Deno.test("a uid alone leaves the group, and the rest of the user stays", () => {
  assertEquals(changed({ user: "1000" }).user, { ...BASE.user, uid: 1000, gid: 8 });
  assertEquals(changed({ user: "1000:1001" }).user, { ...BASE.user, uid: 1000, gid: 1001 });
  const { user: _user, ...nobody } = BASE;
  assertEquals(changedProcess(nobody, { ...NOTHING, user: "3" }).user, { uid: 3, gid: 0 });
  assertEquals(changed({ user: "4294967294" }).user?.uid, 4294967294);
});

Deno.test("a user that is not in numbers is refused", () => {
  for (
    const user of [
      "",
      "root",
      "1000:",
      ":1",
      "1:x",
      "1:2:3",
      "-1",
      "+1",
      "1e3",
      "0x1",
      " 1",
      "1\n",
      "4294967295",
    ]
  ) {
    assertThrows(() => changed({ user }), UsageError, "is not uid or uid:gid in numbers", user);
  }
});

Deno.test("additional groups are put behind the container's, and must be numbers", () => {
  assertEquals(changed({ additionalGids: ["3", "4"] }).user?.additionalGids, [9, 3, 4]);
  assertThrows(() => changed({ additionalGids: ["users"] }), UsageError, '"users" is not a number');
});

Deno.test("added capabilities are never inheritable, and ambient only where they are inheritable already", () => {
  const capabilities = { bounding: ["CAP_KILL"], inheritable: ["CAP_CHOWN"], ambient: [] };
  assertEquals(
    changed({ capabilities: ["chown", "CAP_KILL", "cap_net_raw"] }, { capabilities }).capabilities,
    {
      bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"],
      effective: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
      permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
      inheritable: ["CAP_CHOWN"],
      ambient: ["CAP_CHOWN"],
    },
  );
});

Deno.test("capabilities may be added where the container has none", () => {
  const added = ["CAP_KILL"];
  assertEquals(changed({ capabilities: added }).capabilities, {
    bounding: added,
    effective: added,
    permitted: added,
  });
});

Deno.test("without a program to execute, or a process to change, the caller is told", () => {
  assertThrows(() => changed({ args: [] }), UsageError, "process args cannot be empty");
  assertThrows(() => changedProcess(undefined, NOTHING), UsageError, "has no process");
});

Deno.test("a described process has the container's limits, powers and labels where it has none, and nothing else", () => {
  const labels = { apparmorProfile: "a", selinuxLabel: "s" };
  const given = { ...BASE, ...labels, capabilities: { bounding: ["CAP_KILL"] } };
  const { rlimits, capabilities } = given;
  const described = { args: ["x"], cwd: "/x" };
  const inherited = { ...described, rlimits, capabilities, ...labels };
  assertEquals(describedProcess(described, given), inherited);
  const empty = { ...described, rlimits: [], apparmorProfile: "", selinuxLabel: "" };
  assertEquals(describedProcess(empty, given), inherited);
  const own = { ...inherited, capabilities: {}, rlimits: [], apparmorProfile: "b" };
  assertEquals(describedProcess(own, given), { ...own, rlimits });
  assertEquals(describedProcess(described, undefined), described);
});
