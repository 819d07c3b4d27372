import { assertEquals } from "@std/assert";
import { limitText, weightOfBlockIo, weightOfShares } from "runtime/cgroups/limits/convert.ts";

Deno.test("CPU shares become weights on the curve through 2, 1024 and 262144", () => {
  const table: readonly (readonly [shares: number | bigint, weight: number])[] = [
    [1, 1],
    [2, 1],
    [3, 2],
    [100, 17],
    [512, 59],
    [1024, 100],
    [2048, 174],
    [3333, 256],
    [262_143, 10_000],
    [262_144, 10_000],
    [0xffff_ffff_ffff_ffffn, 10_000],
  ];
  for (const [shares, weight] of table) assertEquals(weightOfShares(shares), weight, `${shares}`);
});

Deno.test("block IO weights go from 10..1000 to 1..10000", () => {
  const table = [[10, 1], [100, 910], [500, 4950], [750, 7475], [1000, 10_000]];
  assertEquals(table.map(([weight]) => [weight, weightOfBlockIo(weight ?? 0)]), table);
});

Deno.test("no limit is called max in version 2", () => {
  assertEquals([-1, 4096, 2n ** 62n].map(limitText), ["max", "4096", "4611686018427387904"]);
});
