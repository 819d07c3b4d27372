import { assert, assertEquals } from "@std/assert";
import { CONFIG_TABLE } from "runtime/spec/table.gen.ts";
import { configKind } from "tests/fuzz/config_kind.ts";
import { harmlessText } from "tests/fuzz/harmless.ts";
import { Ends, type Finding, type Kind, randomOf } from "tests/fuzz/kind.ts";
import { runCases } from "tests/fuzz/loop.ts";
import { mutateJson } from "tests/fuzz/mutate_json.ts";
import { parseFuzzOptions } from "tests/fuzz/options.ts";
import { smallerTexts, smallerValues } from "tests/fuzz/shrink.ts";
import { fixture, jsonText } from "tests/support/spec_fixtures.ts";

Deno.test("the same seed makes the same inputs, another one others", () => {
  const kind = configKind();
  const inputs = (seed: number): unknown[] =>
    Array.from({ length: 30 }, (_, i) => kind.generate(randomOf("config", seed, i)));
  assertEquals(inputs(7), inputs(7));
  assert(JSON.stringify(inputs(7)) !== JSON.stringify(inputs(8)));
});

Deno.test("nearly all mutated configurations are JSON, and nearly none is the one it was made from", () => {
  const example = JSON.parse(fixture("docker.json"));
  const before = JSON.stringify(example);
  let same = 0;
  for (let i = 0; i < 300; i++) {
    const text = jsonText(mutateJson(example, CONFIG_TABLE, randomOf("x", 1, i)));
    if (text === before) same++;
  }
  assert(same < 30, `${same} of 300 are as before`);
  assertEquals(JSON.stringify(example), before, "the example itself stays as it is");
});

/** A program that is confused by an exclamation mark. */
function confused(): Kind<string> {
  return {
    name: "confused",
    ends: new Ends(),
    generate: (random) => `${"x".repeat(random.below(50))}${random.chance(30) ? "!" : ""}yyyy`,
    run: (text) => text.includes("!") ? { rule: "mark", text: `met ${text}` } : null,
    smaller: smallerTexts,
  };
}

Deno.test("a finding is made as small as it can be, and few of a rule are told", async () => {
  const findings: Finding[] = [];
  const beats: number[] = [];
  const report = await runCases(confused(), {
    seed: 1,
    cases: 100,
    beat: (_kind, index) => beats.push(index),
    found: (finding) => findings.push(finding),
  });
  assert(report.findings > 10 && report.findings < 60, `${report.findings} findings`);
  assertEquals(findings.map(({ input }) => input), ["!", "!", "!"]);
  assertEquals(findings[0]?.fault, { rule: "mark", text: "met !" });
  assertEquals(new Set(beats).size, 100);
});

Deno.test("smallerValues() leaves out whole properties first, then parts of what is in them", () => {
  const smaller = [...smallerValues({ a: ["xy"], b: 1 })].map((it) => JSON.stringify(it));
  assertEquals(smaller.slice(0, 3), ["{}", '{"b":1}', '{"a":["xy"]}']);
  assert(smaller.includes('{"a":["x"],"b":1}'), smaller.join());
});

Deno.test("a configuration that runs has nothing of the machine in it", () => {
  const place = { rootfs: "/box/rootfs", scratch: "/box/scratch" };
  const text = harmlessText(
    JSON.stringify({
      root: { path: "/" },
      Process: { ARGS: ["reboot", "-f"] },
      hooks: { prestart: [{ path: "/sbin/halt" }] },
      mounts: [{ destination: "/x", type: "ext4", source: "/dev/sda" }],
      linux: {
        cgroupsPath: "a/../..",
        namespaces: [{ type: "mount", path: "/proc/1/ns/mnt" }],
        devices: [{ type: "b", path: "/dev/x", major: 8, minor: 0 }],
        sysctl: { "kernel.panic": "1", "net/../kernel/panic": "1", "net.ipv4.ip_forward": "1" },
        resources: { unified: { "cgroup.kill": "1" }, devices: [{ allow: true, type: "b" }] },
      },
    }),
    place,
  );
  for (const word of ["reboot", "halt", "sda", "ext4", "panic", "cgroup.kill", "/1/ns", '"/"']) {
    assert(!text.includes(word), `${word} is in ${text}`);
  }
  const { linux } = JSON.parse(text);
  assertEquals([linux.cgroupsPath, linux.devices[0].major], ["/cases/c", 1]);
  assertEquals(Object.keys(linux.sysctl), ["net.ipv4.ip_forward"]);
  assertEquals(harmlessText("no JSON", place), "no JSON");
});

Deno.test("the fuzzer's own arguments", () => {
  const { seed, cases, kinds, replay } = parseFuzzOptions(["--seed", "5", "--kind", "argv"]);
  assertEquals([seed, cases, kinds, replay], [5, 10_000, ["argv"], null]);
  for (const wrong of [["--seed"], ["--cases", "x"], ["--kind", "no"], ["more"]]) {
    let message = "";
    try {
      parseFuzzOptions(wrong);
    } catch (error) {
      message = String(error);
    }
    assert(message.includes("Cannot fuzz: "), `${wrong} gave ${message}`);
  }
});
