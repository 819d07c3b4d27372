import { assertEquals } from "@std/assert";
import { waitStatus } from "syscalls/libc/process.ts";
import { endWords } from "runtime/launch/end_words.ts";

Deno.test("the end of a process is told in Go's words", () => {
  assertEquals(endWords(waitStatus(3 << 8)), "exit status 3");
  assertEquals(endWords(waitStatus(9)), "signal: killed");
  assertEquals(endWords(waitStatus(31 | 0x80)), "signal: bad system call (core dumped)");
  assertEquals(endWords(waitStatus(40)), "signal: signal 40");
});
