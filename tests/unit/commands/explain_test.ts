import { assertEquals } from "@std/assert";
import { outline } from "runtime/commands/explain.ts";

Deno.test("outline() hangs the calls below their step, with origin and forgiven errors behind them", () =>
  assertEquals(
    outline({
      steps: [{
        label: "mount proc on /proc",
        origin: "/mounts/0",
        calls: [
          { call: "fsopen", args: ['"proc"'], text: 'fsopen("proc")', forgives: [] },
          { call: "fsmount", args: ["3"], text: "fsmount(3)", forgives: ["EBUSY", "EPERM"] },
        ],
      }],
      host: [{ text: "write uid_map", origin: "/linux/uidMappings" }],
      warnings: [],
    }),
    {
      kind: "outline",
      sections: [
        {
          title: "In the container's process:",
          numbered: true,
          items: [{
            text: "mount proc on /proc",
            note: "/mounts/0",
            children: [
              { text: 'fsopen("proc")' },
              { text: "fsmount(3)", note: "EBUSY, EPERM is no failure" },
            ],
          }],
        },
        {
          title: "On the host:",
          numbered: false,
          items: [{ text: "write uid_map", note: "/linux/uidMappings" }],
        },
      ],
    },
  ));
