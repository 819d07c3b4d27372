import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "runtime/base/errors.ts";
import { parseByteSize } from "runtime/commands/byte_size.ts";
import { command } from "runtime/commands/update.ts";
import { intelRdtOf, resourcesOf } from "runtime/commands/update_flags.ts";
import { invocation } from "./invocation.ts";

/** What these words ask for, without what they leave out. */
function asked(...words: string[]): unknown {
  return JSON.parse(JSON.stringify(resourcesOf(invocation(command, ["c1", ...words]))));
}

Deno.test("sizes are read as runc reads them", () => {
  const table: readonly (readonly [text: string, bytes: number | null])[] = [
    ["4096", 4096],
    ["0", 0],
    ["32k", 32_768],
    ["512m", 536_870_912],
    ["50M", 52_428_800],
    ["1g", 2 ** 30],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["2 kb", 2048],
    ["1tb", 2 ** 40],
    ["3b", 3],
    ["0.3b", 0],
    ["-1", null],
    ["", null],
    ["m", null],
    ["12q", null],
    ["1  k", null],
    ["1e3", null],
    ["99999999p", null],
  ];
  for (const [text, bytes] of table) assertEquals(parseByteSize(text), bytes, text);
});

Deno.test("every flag of update is a property of linux.resources", () => {
  assertEquals(asked(), { cpu: {}, memory: {} });
  assertEquals(
    asked(
      ..."--cpu-share 1 --cpu-quota -2 --cpu-period=3 --cpu-burst 4 --cpu-rt-period 5".split(" "),
      ..."--cpu-rt-runtime 6 --cpuset-cpus 0-7 --cpuset-mems 0 --cpu-idle 1 --memory 8k".split(" "),
      ..."--memory-reservation 9 --memory-swap -1 --kernel-memory 1m --blkio-weight 10".split(" "),
      ..."--pids-limit 0 --kernel-memory-tcp 1".split(" "),
    ),
    {
      cpu: {
        shares: 1,
        quota: -2,
        period: 3,
        burst: 4,
        realtimePeriod: 5,
        realtimeRuntime: 6,
        cpus: "0-7",
        mems: "0",
        idle: 1,
      },
      memory: { limit: 8192, reservation: 9, swap: -1, kernel: 1_048_576, kernelTCP: 1 },
      blockIO: { weight: 10 },
      pids: { limit: 0 },
    },
  );
});

Deno.test("a flag of update with a wrong value is named", () => {
  const table = [
    ["--memory", "12q", '"12q" is not a size, such as 512m or 1g'],
    ["--memory-swap", "-2", '"-2" is not a size, such as 512m or 1g'],
    ["--cpu-share", "1.5", '"1.5" is not a whole number'],
    ["--cpu-period", "-1", '"-1" is not a whole number'],
    ["--pids-limit", "many", '"many" is not a whole number'],
  ] as const;
  for (const [flag, value, why] of table) {
    const error = assertThrows(() => asked(flag, value), UsageError);
    assertEquals(
      error.message,
      `Cannot use flag ${flag}: invalid value for ${flag.slice(2)}: ${why}`,
    );
  }
});

Deno.test("schemas of cache and bandwidth are one line each, and an empty one asks for nothing", () => {
  const schemas = (...words: string[]): unknown =>
    intelRdtOf(invocation(command, ["c1", ...words]));
  assertEquals(schemas(), {});
  assertEquals(schemas("--l3-cache-schema=", "--mem-bw-schema="), {});
  const both = { l3CacheSchema: "L3:0=f", memBwSchema: "MB:0=50" };
  assertEquals(schemas("--l3-cache-schema", "L3:0=f", "--mem-bw-schema", "MB:0=50"), both);
  for (const words of [["--l3-cache-schema", "L3:0=f\nMB:0=1"], ["--mem-bw-schema", "L3:0=f"]]) {
    assertThrows(() => schemas(...words), UsageError, `Cannot use flag ${words[0]}: `);
  }
});
