import { assertEquals } from "@std/assert";
import { type BatchPart, inBatches } from "scripts/build/batches.ts";

const SMALL = 100;
const LARGE = 50_000;

function part(id: number, size: number, ...needs: readonly number[]): BatchPart {
  return { id, size, imports: needs.map((from) => ({ from })) };
}

Deno.test("parts that are needed together are one batch, and what one import needs alone is no burden to others", () => {
  const parts = [part(0, LARGE), part(1, LARGE), part(2, LARGE, 0, 1), part(3, SMALL, 0, 1)];
  const { batches, needs } = inBatches(parts, [2, 3]);
  assertEquals(needs.get(3)?.map((batch) => batches[batch]), [[0, 1, 3]]);
  assertEquals(needs.get(2)?.map((batch) => batches[batch]), [[0, 1, 3], [2]]);
});

Deno.test("what is small is read needlessly rather than apart", () => {
  const { batches } = inBatches([part(0, SMALL), part(1, SMALL, 0), part(2, SMALL, 0)], [1, 2]);
  assertEquals(batches, [[0, 1, 2]]);
});

Deno.test("batches come behind those that they need, and none need each other", () => {
  // 0 and 2 would be one batch, if 1 were not between them.
  const parts = [part(0, SMALL), part(1, LARGE, 0), part(2, SMALL, 1), part(3, SMALL, 0)];
  const { batches, needs } = inBatches(parts, [2, 3]);
  assertEquals(batches.flat().sort(), [0, 1, 2, 3]);
  for (const [target, its] of needs) {
    const run = its.flatMap((batch) => batches[batch] ?? []);
    assertEquals(run.includes(target), true);
    for (const [index, id] of run.entries()) {
      for (const { from } of parts[id]?.imports ?? []) {
        assertEquals(run.slice(0, index).includes(from), true, `${id} runs before ${from}`);
      }
    }
  }
});
