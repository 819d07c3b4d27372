import { assertEquals } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import type { LimitWrite } from "runtime/cgroups/limits/limit_write.ts";
import { settle } from "runtime/cgroups/limits/settle.ts";

/** A kernel that holds memory to be no more than memory and swap, as version 1's does. */
class MemoryKernel {
  readonly log: string[] = [];
  readonly #values: Record<string, number>;
  constructor(limit: number, total: number) {
    this.#values = { limit, total };
  }
  write({ file, value }: LimitWrite): number {
    const next = { ...this.#values, [file]: Number(value) };
    if ((next["limit"] ?? 0) > (next["total"] ?? 0)) return ERRNO.EINVAL;
    Object.assign(this.#values, next);
    this.log.push(`${file}=${value}`);
    return 0;
  }
}

function writes(limit: number, total: number): LimitWrite[] {
  const pair = { limit, total };
  return Object.entries(pair).map(([file, value]) => ({
    file,
    value: String(value),
    origin: "",
    together: "memory",
  }));
}

Deno.test("limits that are held against each other are written in the order that the kernel takes", () => {
  const growing = new MemoryKernel(10, 20);
  assertEquals(settle(writes(30, 40), (write) => growing.write(write)), null);
  assertEquals(growing.log, ["total=40", "limit=30"]);
  const shrinking = new MemoryKernel(30, 40);
  assertEquals(settle(writes(10, 20), (write) => shrinking.write(write)), null);
  assertEquals(shrinking.log, ["limit=10", "total=20"]);
});

Deno.test("what no order makes valid is refused, with the first of them", () => {
  const kernel = new MemoryKernel(10, 20);
  const refused = settle(writes(50, 40), (write) => kernel.write(write));
  assertEquals([refused?.write.file, refused?.errno], ["limit", ERRNO.EINVAL]);
  assertEquals(kernel.log, ["total=40"]);
});

Deno.test("nothing is written behind a failure, and only what is invalid is tried again", () => {
  const tried: string[] = [];
  const alone = (file: string): LimitWrite => ({ file, value: "", origin: "" });
  const attempt = (errno: number) => ({ file }: LimitWrite): number => {
    tried.push(file);
    return file === "b" ? errno : 0;
  };
  assertEquals(settle(["a", "b", "c"].map(alone), attempt(ERRNO.EINVAL))?.write.file, "b");
  assertEquals(tried.splice(0), ["a", "b"]);
  const busy = ["b", "c"].map((file) => ({ ...alone(file), together: "memory" as const }));
  assertEquals(settle(busy, attempt(ERRNO.EBUSY))?.errno, ERRNO.EBUSY);
  assertEquals(tried, ["b"]);
});
