import { assertEquals } from "@std/assert";
import { type Draft, problemsWith, validWith } from "tests/support/spec_fixtures.ts";

const SUBGROUP = "run.oci.systemd.subgroup";
const DELEGATED = "run.oci.delegate-cgroup";

const annotated = (annotations: Record<string, string>) => (config: Draft): void => {
  config.annotations = annotations;
};

Deno.test("crun's annotations name cgroups below another, and an empty one asks for none", () => {
  const named = (annotations: Record<string, string>): string[] => {
    const { systemdSubgroup, delegatedCgroup } = validWith(annotated(annotations));
    return [systemdSubgroup, delegatedCgroup];
  };
  assertEquals(named({}), ["", ""]);
  assertEquals(named({ [SUBGROUP]: "", [DELEGATED]: "" }), ["", ""]);
  assertEquals(named({ [SUBGROUP]: "container", [DELEGATED]: "a/b" }), ["container", "a/b"]);
  assertEquals(named({ [DELEGATED]: "/init" }), ["", "init"], "as it is used with Podman");
  assertEquals(named({ [DELEGATED]: "./a//b/" }), ["", "a/b"]);
});

Deno.test("a cgroup annotation that leads elsewhere or nowhere is refused by its name", () => {
  const wrong = [
    ["..", '".." has a step back, and must stay below the container\'s cgroup'],
    ["a/../b", '"a/../b" has a step back, and must stay below the container\'s cgroup'],
    ["/", '"/" names no cgroup'],
    ["a\nb", '"a\\nb" has a control character'],
    ["cgroup.procs", '"cgroup.procs" is kept for the kernel\'s files'],
    ["a/memory.max", '"a/memory.max" is kept for the kernel\'s files'],
  ] as const;
  for (const name of [SUBGROUP, DELEGATED]) {
    for (const [value, why] of wrong) {
      assertEquals(problemsWith(annotated({ [name]: value })), [`/annotations/${name}: ${why}`]);
    }
  }
});
