import { assert, assertEquals } from "@std/assert";
import { firstHeldNumber, heldNumber } from "runtime/compile/init/held.ts";
import type { Descriptors } from "runtime/compile/init/lowering.ts";
import { HELD } from "runtime/plan/protocol.ts";
import type { Step } from "runtime/plan/step.ts";

const DESCRIPTORS: Descriptors = {
  sync: 20,
  gate: 21,
  outcome: 22,
  target: null,
  notify: null,
  stdio: null,
  cgroup: 23,
  namespaces: [],
};

function keeping(preservedFds: number): { readonly steps: readonly Step[] } {
  return { steps: [{ kind: "closeInherited", preservedFds, label: "close", origin: "" }] };
}

Deno.test("numbers that are known begin at 200, and above more preserved descriptors than usual", () => {
  assertEquals(firstHeldNumber({ steps: [] }, DESCRIPTORS), 200);
  assertEquals(firstHeldNumber(keeping(64), DESCRIPTORS), 200);
  assertEquals(firstHeldNumber(keeping(65), DESCRIPTORS), 201);
  assertEquals(firstHeldNumber(keeping(1000), DESCRIPTORS), 1136);
});

Deno.test("a source that stays open takes the number of one more", () => {
  const source: Step = {
    kind: "openSource",
    source: "/a",
    deep: false,
    nofollow: false,
    mayBeRefused: false,
    label: "open source",
    origin: "/mounts/0",
  };
  const { steps } = keeping(64);
  assertEquals(firstHeldNumber({ steps: [...steps, source, source] }, DESCRIPTORS), 202);
});

Deno.test("no number that is known is one that the program was started with", () => {
  for (let sync = 180; sync < 220; sync++) {
    const stdio = [sync + 8, sync + 9, sync + 17] as const;
    const descriptors = { ...DESCRIPTORS, sync, gate: sync + 1, stdio, namespaces: [sync + 30] };
    const firstHeld = firstHeldNumber(keeping(0), descriptors);
    for (const name of HELD) {
      const number = heldNumber({ firstHeld }, name);
      assert(![sync, sync + 1, ...stdio, sync + 30].includes(number), `${sync}: ${number}`);
    }
  }
});
