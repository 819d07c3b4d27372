import { assertEquals, assertThrows } from "@std/assert";
import { annotationProperties } from "runtime/cgroups/systemd/annotation_properties.ts";
import { parseVariantText, VariantTextError } from "runtime/cgroups/systemd/variant_text.ts";

const TABLE: readonly (readonly [text: string, type: string, value: unknown])[] = [
  ["true", "b", true],
  ["15", "i", 15],
  ["-0x10", "i", -16],
  ["017", "i", 15],
  ["1.5", "d", 1.5],
  ["uint64 10000000", "t", 10000000n],
  ["int16 -5", "n", -5],
  ["byte 255", "y", 255],
  ["'it\\'s'", "s", "it's"],
  ['"two\\nlines \\u00e9"', "s", "two\nlines \u00e9"],
  ["objectpath '/a'", "o", "/a"],
  ["b'ab'", "ay", [97, 98, 0]],
  ["['a', \"b\"]", "as", ["a", "b"]],
  ["[uint32 1, 2]", "au", [1, 2]],
  ["[[1], [2]]", "aai", [[1], [2]]],
  ["@as []", "as", []],
  ["@at [1]", "at", [1n]],
];

Deno.test("parseVariantText() reads GVariant's text form", () => {
  for (const [text, type, value] of TABLE) {
    assertEquals(parseVariantText(text), { type, value }, text);
  }
});

Deno.test("parseVariantText() refuses what is no value", () => {
  for (
    const text of [
      "",
      "abc",
      "'open",
      "[1",
      "[1 2]",
      "[]",
      "1 2",
      "byte 256",
      "uint32 -1",
      "uint32 'x'",
      "boolean 1",
      "[1, 'a']",
      "5000000000",
      "<1>",
      "\\",
    ]
  ) assertThrows(() => parseVariantText(text), VariantTextError, "", text);
});

Deno.test("annotationProperties() takes those of systemd alone", () => {
  const { properties, problems } = annotationProperties({
    "org.systemd.property.KillSignal": "15",
    "org.systemd.property.CollectMode": "'inactive-or-failed'",
    "other.org.systemd.property.X": "1",
  });
  assertEquals(properties, [
    { name: "KillSignal", type: "i", value: 15 },
    { name: "CollectMode", type: "s", value: "inactive-or-failed" },
  ]);
  assertEquals(problems, []);
});

Deno.test("annotationProperties() turns seconds into the microseconds of the bus", () => {
  const { properties } = annotationProperties({
    "org.systemd.property.TimeoutStopSec": "7",
    "org.systemd.property.RuntimeMaxSec": "1.5",
    "org.systemd.property.TimeoutStartSec": "uint64 2",
    "org.systemd.property.TimeoutStopUSec": "uint64 9",
    "org.systemd.property.XSec": "1",
  });
  assertEquals(properties.map(({ name, type, value }) => `${name} ${type} ${value}`), [
    "TimeoutStopUSec t 7000000",
    "RuntimeMaxUSec t 1500000",
    "TimeoutStartUSec t 2000000",
    "TimeoutStopUSec t 9",
    "XSec i 1",
  ]);
});

Deno.test("annotationProperties() tells every annotation that is none, in runc's words", () => {
  const { problems } = annotationProperties({
    "org.systemd.property.ab": "1",
    "org.systemd.property.a/b": "1",
    "org.systemd.property.KillSignal": "nine",
    "org.systemd.property.TimeoutStopSec": "'soon'",
  });
  assertEquals(problems.map(({ path, text }) => `${path}: ${text}`), [
    "/annotations/org.systemd.property.ab: annotation org.systemd.property.ab name incorrect: too short",
    "/annotations/org.systemd.property.a~1b: annotation org.systemd.property.a/b name incorrect: contains non-alphabetic character",
    '/annotations/org.systemd.property.KillSignal: annotation org.systemd.property.KillSignal=nine value parse error: unexpected "nine"',
    "/annotations/org.systemd.property.TimeoutStopSec: annotation org.systemd.property.TimeoutStopSec='soon' value parse error: not a number",
  ]);
});
