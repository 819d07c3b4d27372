import { assert, assertEquals } from "@std/assert";
import { HostError, LaunchError, StateError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";

const EPERM = new SyscallError({ verb: "mount", object: '"proc" on "/proc"', errno: 1 });
const EPERM_TEXT = 'Cannot mount "proc" on "/proc": EPERM (Operation not permitted)';

Deno.test("failureOf() passes on what the runtime foresaw as it is", () => {
  assertEquals(failureOf(new StateError("container does not exist")), {
    text: "container does not exist",
    exitCode: 1,
    stack: null,
  });
  assertEquals(failureOf(EPERM), { text: EPERM_TEXT, exitCode: 1, stack: null });
});

Deno.test("failureOf() puts a cause behind the sentence, unless it says nothing new", () => {
  const wrapped = new LaunchError('Cannot start container "c1"', { cause: EPERM });
  assertEquals(failureOf(wrapped).text, `Cannot start container "c1": ${EPERM_TEXT}`);
  const said = new LaunchError(`Cannot start: ${EPERM_TEXT}`, { cause: EPERM });
  assertEquals(failureOf(said).text, `Cannot start: ${EPERM_TEXT}`);
  const cause = Object.assign(new Error("os error 2"), { code: "ENOENT" });
  assertEquals(
    failureOf(new HostError("Cannot read x: ENOENT (...)", { cause })).text, //
    "Cannot read x: ENOENT (...)",
  );
});

Deno.test("failureOf() keeps to one line", () =>
  assertEquals(failureOf(new StateError("a\nb\n")).text, "a b"));

Deno.test("failureOf() tells first why it failed, then what failed while cleaning up", () => {
  const error = new SuppressedError(new HostError("Cannot remove y"), EPERM);
  assertEquals(failureOf(error), {
    text: `${EPERM_TEXT}; cleaning up failed too: Cannot remove y`,
    exitCode: 1,
    stack: null,
  });
});

Deno.test("failureOf() takes the blame for what nobody foresaw, and keeps the stack for the debug log", () => {
  const { text, exitCode, stack } = failureOf(new TypeError("x is undefined"));
  assertEquals(
    text,
    "internal error: TypeError: x is undefined; this is a bug in the runtime, please report it",
  );
  assertEquals(exitCode, 1);
  assert(stack !== null && stack.includes("failure_test.ts"), "the stack names the place");
});

Deno.test("failureOf() leaves out the middle of a sentence that nobody could read", () => {
  const { text } = failureOf(new StateError(`Cannot use "${"x".repeat(100_000)}"; hint: shorter`));
  assertEquals(text.length, 7005);
  assert(text.startsWith('Cannot use "xxx') && text.endsWith('xxx"; hint: shorter'), text);
});
