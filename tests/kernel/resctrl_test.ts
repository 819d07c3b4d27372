import { assertEquals, assertMatch } from "@std/assert";
import { FakeResctrl } from "tests/support/fake_resctrl.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const QUIET: Result = { code: 0, stdout: "", stderr: "" };

/** A container that asks for a class, and sleeps. */
function withClass(stage: Stage, intelRdt: object): Container {
  return stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    config.linux["intelRdt"] = intelRdt;
  });
}

function create(resctrl: FakeResctrl, { bundle, id }: Container): Result {
  return resctrl.ocirt("create", "--bundle", bundle, id);
}

/** The message of a create that fails, and leaves nothing. */
function refusal(stage: Stage, resctrl: FakeResctrl, intelRdt: object): string {
  const container = withClass(stage, intelRdt);
  const result = create(resctrl, container);
  assertEquals(result.code, 1);
  assertEquals(stage.cgroups(), []);
  assertEquals(container.do("state").code, 1);
  assertEquals(resctrl.has(container.id), false);
  return messageOf(result);
}

containerTest("a class of its own is made for a container, and removed with it", (stage) => {
  const resctrl = new FakeResctrl(stage);
  const c = withClass(stage, {
    l3CacheSchema: "L3:0=f;1=f0\nMB:0=10",
    memBwSchema: "MB:0=50;1=50",
    schemata: ["L2:0=3"],
  });
  assertEquals(create(resctrl, c), QUIET);
  assertEquals(resctrl.read("c1/schemata"), "L3:0=f;1=f0\nMB:0=50;1=50\nL2:0=3\n");
  assertEquals(resctrl.read("c1/tasks"), `${c.state().pid}\n`);
  assertEquals(resctrl.ocirt("start", c.id), QUIET);
  assertEquals(resctrl.ocirt("exec", "--pid-file", `${stage.dir}/pid`, c.id, "true"), QUIET);
  assertEquals(resctrl.read("c1/tasks"), `${Deno.readTextFileSync(`${stage.dir}/pid`)}\n`);
  resctrl.empty("c1");
  assertEquals(resctrl.ocirt("delete", "--force", c.id), QUIET);
  assertEquals(resctrl.has("c1"), false);
});

containerTest("a class that is there is joined, counted in, and stays", (stage) => {
  const resctrl = new FakeResctrl(stage);
  resctrl.addClass("guaranteed", "L3:0=f;1=ff\n    MB:0=30;1=100\n");
  const c = withClass(stage, {
    closID: "guaranteed",
    l3CacheSchema: "L3:1=0ff",
    memBwSchema: "MB:0=25",
    enableMonitoring: true,
  });
  assertEquals(create(resctrl, c), QUIET);
  const { pid } = c.state();
  assertEquals(resctrl.read("guaranteed/schemata"), "L3:0=f;1=ff\n    MB:0=30;1=100\n");
  assertEquals(resctrl.read("guaranteed/tasks"), `${pid}\n`);
  assertEquals(resctrl.read("guaranteed/mon_groups/c1/tasks"), `${pid}\n`);
  resctrl.empty("guaranteed/mon_groups/c1");
  assertEquals(resctrl.ocirt("delete", "--force", c.id), QUIET);
  assertEquals(resctrl.has("guaranteed/mon_groups/c1"), false);
  assertEquals(resctrl.has("guaranteed/schemata"), true);
});

containerTest("a named class is made where it is described, and kept", (stage) => {
  const resctrl = new FakeResctrl(stage);
  const c = withClass(stage, { closID: "new", memBwSchema: "MB:0=20" });
  assertEquals(create(resctrl, c), QUIET);
  assertEquals(resctrl.read("new/schemata"), "MB:0=20\n");
  assertEquals(resctrl.ocirt("delete", "--force", c.id), QUIET);
  assertEquals(resctrl.read("new/schemata"), "MB:0=20\n");
});

containerTest('the class "/" is the uppermost', (stage) => {
  const resctrl = new FakeResctrl(stage);
  const c = withClass(stage, { closID: "/" });
  assertEquals(create(resctrl, c), QUIET);
  assertEquals(resctrl.read("tasks"), `${c.state().pid}\n`);
  assertEquals(resctrl.ocirt("delete", "--force", c.id), QUIET);
  assertEquals(resctrl.has("schemata"), true);
});

containerTest(
  "a class that cannot be had is told with the reason, and nothing is left",
  (stage) => {
    const resctrl = new FakeResctrl(stage);
    assertMatch(
      refusal(stage, resctrl, { closID: "none" }),
      /Cannot use ".*\/none" \(\/linux\/intelRdt\/closID\): ENOENT .*; hint: /,
    );
    resctrl.addClass("other", "L3:0=f;1=ff\n");
    assertMatch(
      refusal(stage, resctrl, { closID: "other", l3CacheSchema: "L3:0=ff" }),
      /the class is there with "L3:0=f;1=ff" and not "L3:0=ff"$/,
    );
    assertMatch(
      refusal(stage, resctrl, { closID: "a/b" }),
      /\/linux\/intelRdt\/closID: invalid intelRdt.ClosID "a\/b"/,
    );
    resctrl.write("info/last_cmd_status", "Mask out of range\n");
    resctrl.write("other/schemata", "");
    Deno.mkdirSync(`${resctrl.dir}/full`);
    resctrl.write("full/mon_groups", "no folder");
    assertMatch(
      refusal(stage, resctrl, { closID: "full", enableMonitoring: true }),
      /Cannot make ".*\/full\/mon_groups\/c\d" \(.*\): ENOTDIR .*; hint: the kernel says: Mask out of range$/,
    );
    Deno.removeSync(`${resctrl.dir}/info/L3`, { recursive: true });
    assertMatch(
      refusal(stage, resctrl, { l3CacheSchema: "L3:0=f" }),
      /Cannot use l3CacheSchema .*: Intel RDT\/CAT is not enabled/,
    );
  },
);

containerTest("events tells of the class, with runc's keys", (stage) => {
  const resctrl = new FakeResctrl(stage);
  resctrl.addClass("busy", "L3:0=f;1=ff\n    MB:0=30;1=100\n");
  for (const [cache, bytes] of [["mon_L3_00", 512], ["mon_L3_01", 1024]] as const) {
    resctrl.write(`busy/mon_data/${cache}/llc_occupancy`, `${bytes}\n`);
    resctrl.write(`busy/mon_data/${cache}/mbm_total_bytes`, `${bytes * 3}\n`);
    resctrl.write(`busy/mon_data/${cache}/mbm_local_bytes`, "Unavailable\n");
  }
  const c = withClass(stage, { closID: "busy" });
  assertEquals(create(resctrl, c), QUIET);
  const { stdout } = resctrl.ocirt("events", "--stats", c.id);
  assertEquals(JSON.parse(stdout).data.intel_rdt, {
    l3_cache_info: { cbm_mask: "fffff", min_cbm_bits: 1, num_closids: 16 },
    l3_cache_schema_root: "L3:0=fffff;1=fffff",
    l3_cache_schema: "L3:0=f;1=ff",
    mem_bw_info: { bandwidth_gran: 10, delay_linear: 1, min_bandwidth: 10, num_closids: 8 },
    mem_bw_schema_root: "MB:0=100;1=100",
    mem_bw_schema: "MB:0=30;1=100",
    schemata: ["L3:0=f;1=ff", "MB:0=30;1=100"],
    mbm_stats: [
      { mbm_total_bytes: 1536, mbm_local_bytes: 0 },
      { mbm_total_bytes: 3072, mbm_local_bytes: 0 },
    ],
    cmt_stats: [{ llc_occupancy: 512 }, { llc_occupancy: 1024 }],
  });
});

containerTest("update changes the schemas of a class, and keeps them", (stage) => {
  const resctrl = new FakeResctrl(stage);
  const c = withClass(stage, { l3CacheSchema: "L3:0=f" });
  assertEquals(create(resctrl, c), QUIET);
  const update = (...flags: readonly string[]): Result => resctrl.ocirt("update", ...flags, c.id);
  assertEquals(update("--l3-cache-schema", "L3:0=3", "--mem-bw-schema", "MB:0=70"), QUIET);
  assertEquals(resctrl.read("c1/schemata"), "L3:0=3\nMB:0=70\n");
  const kept = JSON.parse(Deno.readTextFileSync(`${stage.root}/${c.id}/config.json`));
  assertEquals(kept.linux.intelRdt, { l3CacheSchema: "L3:0=3", memBwSchema: "MB:0=70" });
  assertMatch(messageOf(update("--mem-bw-schema", "L3:0=3")), /--mem-bw-schema: .*not one line/);
  // With a folder in the place of its file the class takes nothing, and the limit that was set before is taken back.
  Deno.removeSync(`${resctrl.dir}/c1/schemata`);
  Deno.mkdirSync(`${resctrl.dir}/c1/schemata`);
  assertMatch(
    messageOf(update("--pids-limit", "7", "--mem-bw-schema", "MB:0=50")),
    /^Cannot (read|write "MB:0=50" to) .*\/c1\/schemata.*: EISDIR/,
  );
  const after = JSON.parse(Deno.readTextFileSync(`${stage.root}/${c.id}/config.json`));
  assertEquals(after, kept);
});

containerTest("explain shows what becomes of a class", (stage) => {
  const resctrl = new FakeResctrl(stage);
  const { bundle } = withClass(stage, { l3CacheSchema: "L3:0=f" });
  const { stdout } = resctrl.ocirt("explain", "--bundle", bundle);
  assertMatch(
    stdout,
    /- create resctrl group "\/sys\/fs\/resctrl\/CONTAINER" {2}\[\/linux\/intelRdt\]/,
  );
  assertMatch(stdout, /- write "L3:0=f" to "\/sys\/fs\/resctrl\/CONTAINER\/schemata"/);
  assertMatch(stdout, /- move the init into resctrl group /);
});

containerTest("without resctrl a class is refused, and nothing is left", (stage) => {
  if (Deno.readTextFileSync("/proc/self/mountinfo").includes(" - resctrl ")) return;
  const c = withClass(stage, { l3CacheSchema: "L3:0=f" });
  const result = c.launch("create");
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /Cannot share out cache and memory bandwidth \(\/linux\/intelRdt\): no resctrl file system is mounted; hint: /,
  );
  assertEquals(stage.cgroups(), []);
  assertMatch(stage.ocirt(["explain", "--bundle", c.bundle]).stdout, /so create refuses it/);
});
