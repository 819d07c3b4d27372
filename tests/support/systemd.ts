import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { lacksSystemd, requires } from "./requires.ts";
import { Stage } from "./stage.ts";

/** Whether this machine has no systemd; told once. */
export const NO_SYSTEMD = lacksSystemd();

const SKIPPED = NO_SYSTEMD || requires("root", "busybox");

/** A test of containers whose cgroups systemd makes. */
export function systemdTest(name: string, test: (stage: Stage) => void, ignore = false): void {
  Deno.test({
    name,
    ignore: SKIPPED || ignore,
    fn(): void {
      using stage = new Stage();
      test(stage);
    },
  });
}

/** Where a process is in each tree that is mounted. */
export function groupsOf(pid: number): string[] {
  const mounted = hostLayout().hierarchies.map(({ controllers }) => controllers.join());
  const text = Deno.readTextFileSync(`/proc/${pid}/cgroup`);
  return [...text.matchAll(/^\d+:([^:]*):(.*)$/gm)]
    .filter(([, names = ""]) => mounted.includes(names)).map(([, , path = ""]) => path);
}
