import { assertEquals } from "@std/assert";

/** Where containers live: what runs shell lines there. */
interface Place {
  sh(script: string): string;
}

/** Groups that clients leave with any runtime: what BuildKit works in, and pods in hierarchies that Podman does not know. */
const NOT_OF_CONTAINERS = "! -name buildkit ! -regex '.*/libpod_parent/[0-9a-f]*'";

/** What there is in a machine of what containers are made of, a line each. */
function inventory(machine: Place): string[] {
  const lines = machine.sh(
    `find /sys/fs/cgroup -mindepth 3 -type d ${NOT_OF_CONTAINERS} | sed 's/^/cgroup /'
cut -d ' ' -f 5 /proc/self/mountinfo | sed 's/^/mount /'
ps -eo comm= | sed 's/^/process /'
find /run -path '*/ocirt/*/*' -o -path '*runc*' -name state.json | sed 's/^/state /'`,
  );
  return lines.split("\n").filter((line) => line !== "").sort();
}

/** Does something, after which the machine must be as before: what containers bring goes with them. */
export async function leavesNothing(
  machine: Place,
  act: () => void | Promise<void>,
): Promise<void> {
  const before = inventory(machine);
  await act();
  const end = performance.now() + 20_000;
  let after = inventory(machine);
  // A client may still be cleaning up when its command has ended.
  while (after.join("\n") !== before.join("\n") && performance.now() < end) {
    after = inventory(machine);
  }
  assertEquals(after, before);
}
