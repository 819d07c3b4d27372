import { assertEquals, assertThrows } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { type FakeKernel, FIRST_PID, interpret, type Memory } from "syscalls/native/interpreter.ts";
import { TAG_FAILED } from "syscalls/native/report.ts";

type Answer = bigint | ((args: readonly bigint[], memory: Memory) => bigint);

/** Answers calls from a list of expected ones, and nothing else. */
function kernelThat(...script: (readonly [SyscallName, Answer])[]): FakeKernel {
  let next = 0;
  return {
    syscall(name, args, memory): bigint {
      const [expected, answer] = script[next++] ?? ["none", 0n];
      assertEquals(name, expected);
      return typeof answer === "bigint" ? answer : answer(args, memory);
    },
  };
}

function builder(): ProgramBuilder {
  const b = new ProgramBuilder(9);
  b.step({ label: "first", origin: "" });
  return b;
}

const NO = (errno: number): bigint => BigInt(-errno);

Deno.test("a failure that is not forgiven is reported with its step and ends the program", () => {
  const b = builder();
  b.call("chdir", [b.cString("/a")], { forgive: [ERRNO.ENOENT] });
  b.step({ label: "second", origin: "" });
  b.call("chdir", [b.cString("/b")], { forgive: [ERRNO.ENOENT] });
  b.exit(0);
  const kernel = kernelThat(["chdir", NO(ERRNO.ENOENT)], ["chdir", NO(ERRNO.EACCES)]);
  const { reports, end } = interpret(b.build(), kernel);
  assertEquals(end, { kind: "exited", code: 1 });
  const value = BigInt(ERRNO.EACCES);
  assertEquals(reports, [{ tag: TAG_FAILED, step: 1, value, pid: FIRST_PID, fd: 9n }]);
});

Deno.test("EINTR makes the call again, unless the program wants to see it", () => {
  const b = builder();
  b.call("ppoll", []);
  b.call("nanosleep", [], { forgive: [ERRNO.EINTR] });
  b.exit(0);
  const kernel = kernelThat(
    ["ppoll", NO(ERRNO.EINTR)],
    ["ppoll", 0n],
    ["nanosleep", NO(ERRNO.EINTR)],
  );
  assertEquals(interpret(b.build(), kernel).trace.length, 3);
});

Deno.test("close() is never made again after EINTR, which is no failure of it", () => {
  const b = builder();
  b.call("close", [b.immediate(3)]);
  b.exit(4);
  const { trace, end } = interpret(b.build(), kernelThat(["close", NO(ERRNO.EINTR)]));
  assertEquals([trace.length, end], [1, { kind: "exited", code: 4 }]);
});

Deno.test("the kernel reads strings, writes structs, and later operands and branches see their fields", () => {
  const b = builder();
  const stat = b.slot(32);
  const other = b.label();
  b.call("statx", [b.cString("/x"), b.addressOf(stat)]);
  b.branch({
    of: { slot: stat, offset: 16 },
    when: { kind: "maskedEquals", mask: 0xf0n, value: 0x40n },
    to: other,
  });
  b.exit(1);
  b.place(other);
  b.call("close", [b.field(stat, 16)]);
  b.exit(0);
  const kernel = kernelThat(
    ["statx", ([path = 0n, buffer = 0n], memory) => {
      assertEquals(memory.cString(path), "/x");
      memory.write(buffer + 16n, Uint8Array.of(0x47));
      assertThrows(() => memory.write(path, Uint8Array.of(1)), RangeError, "no memory");
      return 0n;
    }],
    ["close", ([fd]) => {
      assertEquals(fd, 0x47n);
      return 0n;
    }],
  );
  assertEquals(interpret(b.build(), kernel).end, { kind: "exited", code: 0 });
});

Deno.test("a forked child has its own memory and goes on at its label", () => {
  const b = builder();
  const [cell, pid, child] = [b.slot(), b.slot(), b.label()];
  b.set(cell, b.immediate(1));
  b.fork({ flags: 17n, flagsText: "SIGCHLD", child, into: pid });
  b.report({ tag: 5, value: b.value(cell) });
  b.report({ tag: 6, value: b.value(pid) });
  b.exit(0);
  b.place(child);
  b.set(cell, b.immediate(2));
  b.report({ tag: 7, value: b.value(cell) });
  b.report({ tag: 8, value: b.value(pid) });
  b.exit(3);
  const { reports } = interpret(b.build(), kernelThat(["clone", 1234n]));
  assertEquals(reports.map(({ tag, value, pid }) => [tag, value, pid]), [
    [7, 2n, 1234n],
    [8, 0n, 1234n],
    [5, 1n, FIRST_PID],
    [6, 1234n, FIRST_PID],
  ]);
});

Deno.test("execve() ends the program when it works, and reports when it does not", () => {
  const b = builder();
  b.call("execve", [b.cString("/x")]);
  b.exit(0);
  const program = b.build();
  assertEquals(interpret(program, kernelThat(["execve", 0n])).end, { kind: "executed" });
  const failed = interpret(program, kernelThat(["execve", NO(ERRNO.ENOEXEC)]));
  assertEquals(failed.reports[0]?.value, BigInt(ERRNO.ENOEXEC));
});

Deno.test("reports go to the descriptor that the slot holds when they are sent", () => {
  const b = builder();
  b.report({ tag: 5, value: b.immediate(-1) });
  b.set(b.reportFd, b.immediate(4));
  b.report({ tag: 5, value: b.immediate(-1) });
  b.exit(0);
  assertEquals(interpret(b.build(), kernelThat()).reports.map(({ fd }) => fd), [9n, 4n]);
});
