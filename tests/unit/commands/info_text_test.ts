import { assertEquals } from "@std/assert";
import { infoDocument, infoText } from "runtime/commands/info_text.ts";
import type { Section } from "runtime/lifecycle/info.ts";

const NOTHING = { available: null, value: null, reason: null, effect: null, hint: null };

const SECTIONS: readonly Section[] = [
  {
    name: "host",
    title: "Host",
    findings: [
      { ...NOTHING, name: "kernel", title: "kernel", value: "6.1" },
      { ...NOTHING, name: "pages", title: "huge pages", available: true, value: ["2MB", "1GB"] },
    ],
  },
  {
    name: "cgroups",
    title: "Control groups",
    findings: [
      { ...NOTHING, name: "a", title: "a", available: true },
      {
        ...{ name: "b", title: "b", available: false, value: null },
        ...{ reason: "it is old", effect: "c is refused", hint: "renew it" },
      },
      { ...NOTHING, name: "c", title: "c", available: false, value: ["x"], reason: "no y" },
      { ...NOTHING, name: "d", title: "d", reason: "nobody told" },
    ],
  },
];

Deno.test("infoText() has two columns, and the why of each no below it", () =>
  assertEquals(
    infoText(SECTIONS),
    `Host
  kernel      6.1
  huge pages  2MB, 1GB

Control groups
  a           yes
  b           no: it is old
              so: c is refused
              hint: renew it
  c           only x: no y
  d           unknown: nobody told
`,
  ));

Deno.test("infoDocument() goes by names and leaves out what there is nothing to say of", () =>
  assertEquals(infoDocument(SECTIONS), {
    host: { kernel: { value: "6.1" }, pages: { available: true, value: ["2MB", "1GB"] } },
    cgroups: {
      a: { available: true },
      b: { available: false, reason: "it is old", effect: "c is refused", hint: "renew it" },
      c: { available: false, value: ["x"], reason: "no y" },
      d: { reason: "nobody told" },
    },
  }));
