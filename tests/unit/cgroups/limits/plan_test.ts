import { assertEquals } from "@std/assert";
import { planLimits } from "runtime/cgroups/limits/plan.ts";
import { recordedPlaces } from "runtime/cgroups/limits/recorded_places.ts";
import { EVERY_V1, ONLY_V2, placeIn, planFor, problemsIn } from "tests/support/limit_hosts.ts";

const LIMITS = {
  pids: { limit: 5 },
  hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
  network: { classID: 7 },
};

Deno.test("each limit goes to the version 1 tree of its controller, else to the version 2 tree", () => {
  const plan = planFor(LIMITS, [placeIn("pids"), placeIn("net_cls,net_prio"), placeIn("")], [
    "hugetlb",
    "pids",
  ]);
  assertEquals(problemsIn(plan), []);
  assertEquals(plan.writes.map(({ place, file }) => `${place.dir}/${file}`), [
    "/sys/fs/cgroup/pids/c1/pids.max",
    "/sys/fs/cgroup/unified/c1/hugetlb.2MB.max",
    "/sys/fs/cgroup/unified/c1/hugetlb.2MB.rsvd.max",
    "/sys/fs/cgroup/net_cls,net_prio/c1/net_cls.classid",
  ]);
});

Deno.test("a limit whose controller is nowhere is a problem", () => {
  const text = (name: string): string =>
    `the cgroup controller "${name}" is not available on this host`;
  for (const places of [[placeIn("memory")], [placeIn("memory"), placeIn("")]]) {
    const plan = planFor(LIMITS, places, []);
    assertEquals(plan.writes, []);
    assertEquals(problemsIn(plan), [
      `/pids/limit: ${text("pids")}`,
      `/hugepageLimits/0: ${text("hugetlb")}`,
      `/network/classID: ${text("net_cls")}`,
    ]);
  }
  const blockIO = { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }] };
  assertEquals(problemsIn(planFor({ blockIO }, ONLY_V2, ["cpu"])), [
    `/blockIO/throttleReadBpsDevice/0: ${text("io")}`,
  ]);
});

Deno.test("where nothing is asked of version 2 it is not asked what it can do", () => {
  const available = (): never => {
    throw new Error("asked");
  };
  const base = "/linux/resources";
  const places = [...EVERY_V1, placeIn("")];
  const plan = planLimits({ pids: { limit: 1 }, memory: {} }, { places, available, base });
  assertEquals(plan.writes.map(({ origin }) => origin), ["/linux/resources/pids/limit"]);
  assertEquals(planLimits({}, { places: ONLY_V2, available, base }).writes, []);
});

Deno.test("a recorded folder is in the tree that is mounted nearest above it", () => {
  const hierarchies = ["", "pids"].map((tree) => placeIn(tree).hierarchy);
  const outer = { ...placeIn("").hierarchy, mountpoint: "/sys/fs/cgroup" };
  const dirs = ["/sys/fs/cgroup/pids/c1", "/sys/fs/cgroup/c1", "/sys/fs/cgroup/unified/c1"];
  const places = recordedPlaces(dirs, [outer, ...hierarchies]);
  assertEquals(places.map(({ hierarchy }) => hierarchy.mountpoint), [
    "/sys/fs/cgroup/pids",
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/unified",
  ]);
});
