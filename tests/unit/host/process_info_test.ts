import { assertEquals } from "@std/assert";
import { BLOCKED_SIGNALS, INFO } from "runtime/host/info_block.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";

Deno.test("processInfo() of the sources knows what /proc does", () => {
  const info = processInfo();
  assertEquals(info.argv, Deno.args);
  assertEquals(info.cwd, { fd: null, path: Deno.cwd() });
  assertEquals(info.env("PATH"), Deno.env.get("PATH"));
  assertEquals(info.env("PAT"), undefined);
  assertEquals(info.nofile.soft > 0n && info.nofile.soft <= info.nofile.hard, true);
  assertEquals([info.signalsBlocked, info.signalMask], [false, null]);
});

Deno.test("the blocked signals are those that can be passed on, and none of the engine's", () => {
  const blocked = (signal: number): boolean => (BLOCKED_SIGNALS >> BigInt(signal - 1) & 1n) === 1n;
  const open = Object.entries(SIGNALS).filter(([, signal]) => !blocked(signal));
  assertEquals(
    open.map(([name]) => name.slice(3)).join(" "),
    "ILL TRAP ABRT BUS FPE KILL SEGV PIPE STOP SYS",
  );
  assertEquals([32, 33, 34, 64].map(blocked), [false, false, true, true]);
});

Deno.test("no two fields of the info block share bytes", () => {
  const offsets = Object.values(INFO);
  assertEquals(offsets, offsets.map((_, i) => 8 * i));
});
