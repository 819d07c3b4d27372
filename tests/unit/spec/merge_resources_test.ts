import { assertEquals } from "@std/assert";
import type { Resources } from "runtime/spec/valid.ts";
import { mergeResources } from "runtime/spec/merge_resources.ts";

type Case = readonly [
  current: Resources,
  update: Resources,
  merged: Resources,
  changes?: Resources,
];

function check(...cases: readonly Case[]): void {
  for (const [current, update, merged, changes] of cases) {
    const result = mergeResources(current, update);
    const name = `${JSON.stringify(current)} and ${JSON.stringify(update)}`;
    assertEquals(plain(result.merged), merged, name);
    if (changes !== undefined) assertEquals(plain(result.changes), changes, name);
  }
}

/** Without properties that are undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("an update keeps what it does not name, and a zero names nothing", () => {
  check(
    [{ memory: { limit: 5, reservation: 3 } }, { memory: { limit: 7 } }, {
      memory: { limit: 7, reservation: 3 },
    }],
    [{ memory: { limit: 5 } }, { memory: { limit: 0, swap: 0 }, cpu: { shares: 0, cpus: "" } }, {
      memory: { limit: 5 },
      cpu: {},
    }],
    [{ cpu: { idle: 1, burst: 5 } }, { cpu: { idle: 0, burst: 0 } }, {
      cpu: { idle: 0, burst: 0 },
    }],
    [{ pids: { limit: 5 } }, { pids: { limit: 0 } }, { pids: { limit: 0 } }],
    [{ unified: { "a.b": "1" } }, { unified: { "c.d": "2" } }, { unified: { "c.d": "2" } }],
    [{ unified: { "a.b": "1" } }, {}, { unified: { "a.b": "1" } }],
  );
});

Deno.test("devices are not touched, whatever the update says of them", () => {
  const current = { devices: [{ allow: true, access: "rwm" }] };
  check([current, { devices: [{ allow: false, access: "rwm" }] }, current, {}]);
});

Deno.test("what the kernel takes together is written together", () => {
  check(
    [
      { memory: { limit: 5, swap: 9 } },
      { memory: { limit: 7 } },
      { memory: { limit: 7, swap: 9 } },
      {
        memory: { limit: 7, swap: 9 },
      },
    ],
    [{ memory: { limit: 5, reservation: 2 } }, { memory: { swap: 9 } }, {
      memory: { limit: 5, reservation: 2, swap: 9 },
    }, { memory: { limit: 5, swap: 9 } }],
    [{ memory: { limit: 5, swap: 9 } }, { memory: { reservation: 1 } }, {
      memory: { limit: 5, swap: 9, reservation: 1 },
    }, { memory: { reservation: 1 } }],
    [{ cpu: { quota: 5, shares: 9 } }, { cpu: { period: 7 } }, {
      cpu: { quota: 5, period: 7, shares: 9 },
    }, { cpu: { quota: 5, period: 7 } }],
    [{ cpu: { quota: 5, period: 7 } }, { cpu: { cpus: "0" } }, {
      cpu: { quota: 5, period: 7, cpus: "0" },
    }, { cpu: { cpus: "0" } }],
  );
});

Deno.test("no limit of memory means none of memory and swap", () => {
  check([{ memory: { limit: 5, swap: 9 } }, { memory: { limit: -1 } }, {
    memory: { limit: -1, swap: -1 },
  }, { memory: { limit: -1, swap: -1 } }]);
});

Deno.test("a weight ends idleness, unless that is asked for too", () => {
  check(
    [{ cpu: { idle: 1 } }, { cpu: { shares: 5 } }, { cpu: { idle: 0, shares: 5 } }, {
      cpu: { idle: 0, shares: 5 },
    }],
    [{ cpu: { idle: 1 } }, { cpu: { shares: 5, idle: 1 } }, { cpu: { idle: 1, shares: 5 } }],
  );
});

Deno.test("a device's last entry is replaced, another device's is added", () => {
  const entry = (minor: number, rate: number): { major: number; minor: number; rate: number } => ({
    major: 8,
    minor,
    rate,
  });
  check(
    [
      { blockIO: { weight: 5, throttleReadBpsDevice: [entry(0, 1), entry(0, 2), entry(16, 3)] } },
      { blockIO: { throttleReadBpsDevice: [entry(0, 9), entry(32, 4)] } },
      {
        blockIO: {
          weight: 5,
          throttleReadBpsDevice: [entry(0, 1), entry(0, 9), entry(16, 3), entry(32, 4)],
        },
      },
      { blockIO: { throttleReadBpsDevice: [entry(0, 9), entry(32, 4)] } },
    ],
    [
      { blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 1, leafWeight: 2 }] } },
      { blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 3 }] } },
      { blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 3, leafWeight: 2 }] } },
    ],
  );
});
