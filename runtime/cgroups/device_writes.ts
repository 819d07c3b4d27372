import type { DeviceRule } from "runtime/spec/device_rules.ts";

/** One write to a version 1 devices cgroup. */
export interface DeviceWrite {
  readonly file: "devices.allow" | "devices.deny";
  /** `a`, or `TYPE MAJOR:MINOR ACCESS` with `*` for any number (cgroup-v1/devices). */
  readonly value: string;
}

/** The rules as writes to a version 1 cgroup that allows everything, as a new one does. */
export function deviceWrites(rules: readonly DeviceRule[]): DeviceWrite[] {
  return rules.flatMap(({ allow, type, major, minor, access }) => {
    const file = allow ? "devices.allow" : "devices.deny";
    const numbers = `${major ?? "*"}:${minor ?? "*"}`;
    // The kernel takes "a" for all of all; anything narrower is said for both types.
    if (type === "a" && numbers === "*:*" && access.length === 3) return [{ file, value: "a" }];
    const types = type === "a" ? ["b", "c"] : [type];
    return types.map((kind): DeviceWrite => ({ file, value: `${kind} ${numbers} ${access}` }));
  });
}
