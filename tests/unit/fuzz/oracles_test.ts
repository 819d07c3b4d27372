/** Every oracle of the fuzzer can fail: each meets something that is broken in the way that it looks for. */
import { assert, assertEquals } from "@std/assert";
import { CLASSIC, type ClassicInstruction } from "syscalls/bpf/classic.ts";
import type { Outcome } from "tests/fuzz/box.ts";
import { configKind } from "tests/fuzz/config_kind.ts";
import { type Fault, type Kind, randomOf } from "tests/fuzz/kind.ts";
import { type Expectation, outcomeFault } from "tests/fuzz/outcome.ts";
import { rawFilterKind } from "tests/fuzz/raw_filter_kind.ts";
import { programFault, seccompKind } from "tests/fuzz/seccomp_kind.ts";
import { difference } from "tests/fuzz/traces.ts";
import { messageFault } from "tests/fuzz/words.ts";
import { parseConfig } from "runtime/spec/parse.ts";

function line(message: string, level = "error"): string {
  return `time="2026-11-21T03:04:05Z" level=${level} msg=${JSON.stringify(message)}\n`;
}

function outcome(change: Partial<Outcome>): Outcome {
  const failed = { code: 1, stderr: line("Cannot do it: EPERM (Operation not permitted)") };
  return { args: ["x"], signal: null, hung: false, stdout: "", ...failed, ...change };
}

function ruleOf(change: Partial<Outcome>, expected: Expectation = {}): string | null {
  return outcomeFault(outcome(change), expected)?.rule ?? null;
}

Deno.test("a failure with one sentence and success without a word are no faults", () => {
  assertEquals(ruleOf({}), null);
  assertEquals(ruleOf({ code: 0, stderr: "" }), null);
  assertEquals(ruleOf({ code: 0, stderr: line("take care", "warning") }), null);
  assertEquals(ruleOf({ stderr: '{"level":"error","msg":"Cannot","time":"t"}\n' }), null);
  assertEquals(ruleOf({ stderr: "Cannot do it\n" }), null);
});

Deno.test("a crash, a hang and a wrong exit status are faults", () => {
  assertEquals(ruleOf({ code: null, signal: 11 }), "crash");
  assertEquals(ruleOf({ code: null, signal: 9, hung: true }), "hang");
  assertEquals(ruleOf({ code: null, signal: 9, hung: true }, { mayHang: true }), null);
  assertEquals(ruleOf({ code: 134 }), "exit status");
  assertEquals(ruleOf({ code: 255 }, { failures: [255] }), null);
  assertEquals(ruleOf({ code: 1 }, { failures: [255] }), "exit status");
});

Deno.test("silence, several sentences and an error that is not the last line are faults", () => {
  assertEquals(ruleOf({ stderr: "" }), "one sentence");
  assertEquals(ruleOf({ stderr: "" }, { passesStatus: true }), null);
  assertEquals(ruleOf({ stderr: line("one") + line("two") }), "one sentence");
  assertEquals(ruleOf({ stderr: `${line("one")}stray\n` }), "one sentence");
  assertEquals(ruleOf({ stderr: line("one") + line("more", "warning") }), "last line");
  assertEquals(ruleOf({ code: 0 }), "success with an error");
});

Deno.test("messages that nobody can use are faults, unless the user wrote those words", () => {
  const rules = (message: string, given?: string): string | null =>
    messageFault(message, given)?.rule ?? null;
  assertEquals(rules("internal error: x; this is a bug in the runtime"), "internal error");
  assertEquals(rules("Cannot read: TypeError: x is not a function"), "exception class");
  assertEquals(rules("Cannot use undefined"), "value without words");
  assertEquals(rules("Cannot use undefined", "undefined"), null);
  assertEquals(rules("Cannot use [object Object]"), "value without words");
  assertEquals(rules("x at run (ocirt.js:1:2)"), "stack trace");
  assertEquals(rules("thread 'main' panicked at x"), "crash");
  assertEquals(rules("Cannot\nwork"), "message");
  assertEquals(rules(" "), "message");
  assertEquals(rules("x".repeat(20_000)), "length");
  assertEquals(ruleOf({ stderr: line("Cannot\nwork") }), "message");
});

Deno.test("what is left behind and what is gone are faults", () => {
  const before = new Map([["mount", new Set(["/"])], ["process", new Set(["7 sleep"])]]);
  assertEquals(difference(before, new Map(before)), null);
  const left = new Map([...before, ["mount", new Set(["/", "/tmp/x"])]]);
  assertEquals(difference(before, left), {
    rule: "mount left",
    text: "mount is left: /tmp/x",
  });
  const lost = new Map([...before, ["process", new Set<string>()]]);
  assertEquals(difference(before, lost)?.rule, "process lost");
});

/** The rules that many inputs of a kind break. */
async function rulesOf<Input>(kind: Kind<Input>, cases: number): Promise<Set<string>> {
  const rules = new Set<string>();
  for (let i = 0; i < cases; i++) {
    const fault: Fault | null = await kind.run(kind.generate(randomOf(kind.name, 1, i)));
    if (fault !== null) rules.add(fault.rule);
  }
  return rules;
}

Deno.test("a reader of configurations that throws something unforeseen is found", async () => {
  const broken = configKind((text) => {
    const { process, linux } = parseConfig(text, "config.json");
    if (process?.args?.length === 0) throw new TypeError("x is not a function");
    if (linux?.devices?.length === 0) throw new TypeError("y is not a function");
  });
  assertEquals([...await rulesOf(broken, 1500)], ["internal error"]);
});

Deno.test("filters that the kernel would refuse are found", () => {
  const answer: ClassicInstruction = { code: CLASSIC.answer, jt: 0, jf: 0, k: 0 };
  const rule = (...program: readonly ClassicInstruction[]): string | undefined =>
    programFault(program)?.text;
  assertEquals(rule(answer), undefined);
  assertEquals(rule(), "0: there is none");
  assertEquals(
    rule({ ...answer, code: CLASSIC.jumpIfEqual, jt: 1 }, answer),
    "0: it jumps behind the end",
  );
  assertEquals(
    rule(answer, { ...answer, code: CLASSIC.load }),
    "1: the last one must be an answer",
  );
});

Deno.test("a compiler that takes the order of rules for something else is found", async () => {
  // It counts rules, and answers with their number.
  const broken = seccompKind(({ rules }) =>
    Promise.resolve([{ code: CLASSIC.answer, jt: 0, jf: 0, k: rules.length }])
  );
  assertEquals([...await rulesOf(broken, 200)], ["answer"]);
  const long = seccompKind(() => Promise.resolve([]));
  assertEquals([...await rulesOf(long, 200)], ["filter"]);
});

Deno.test("a reader that takes filters as they come is found", async () => {
  const broken = rawFilterKind(() => new Uint8Array(8).fill(0xff));
  assertEquals([...await rulesOf(broken, 20)], ["internal error"]);
});

Deno.test("configurations, policies and filters are taken without a fault, some of each kind accepted", async () => {
  for (const kind of [configKind(), seccompKind(), rawFilterKind()] as readonly Kind<unknown>[]) {
    assertEquals([...await rulesOf(kind, 400)], [], kind.name);
    assert(/accepted|compiled/.test(String(kind.ends)) && /refused/.test(String(kind.ends)));
  }
});
