import { assertEquals } from "@std/assert";
import { previousValue } from "runtime/cgroups/limits/previous.ts";

Deno.test("a file is brought back by what it said, line by line where each device has one", () => {
  const plain = { file: "f", value: "1", origin: "" };
  const throttle = { ...plain, value: "8:0 5", cleared: "8:0 0" };
  const table: readonly (readonly [write: typeof plain, text: string, value: string | null])[] = [
    [plain, "4096\n", "4096"],
    [plain, "max 100000\n", "max 100000"],
    [plain, "\n", "\n"],
    [plain, "", "\n"],
    [plain, "default 100\n8:0 300\n", "default 100"],
    [plain, "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "0"],
    [plain, "8:0 rbps=1\n8:16 rbps=2\n", null],
    [throttle, "8:16 7\n8:0 6\n", "8:0 6"],
    [throttle, "8:01 7\n", "8:0 0"],
    [throttle, "", "8:0 0"],
  ];
  for (const [write, text, value] of table) assertEquals(previousValue(write, text), value, text);
});
