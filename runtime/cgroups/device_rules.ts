import type { ValidSpec } from "runtime/spec/valid.ts";

/** One write to a version 1 devices cgroup. */
export interface DeviceWrite {
  readonly file: "devices.allow" | "devices.deny";
  /** `a`, or `TYPE MAJOR:MINOR ACCESS` with `*` for any number (cgroup-v1/devices). */
  readonly value: string;
}

/** What every container may use whatever its rules say, as runc has it: making any node, and the devices of a plain /dev. */
const ALWAYS_ALLOWED: readonly string[] = [
  "c *:* m",
  "b *:* m",
  "c 1:3 rwm", // null
  "c 1:5 rwm", // zero
  "c 1:7 rwm", // full
  "c 1:8 rwm", // random
  "c 1:9 rwm", // urandom
  "c 5:0 rwm", // tty
  "c 5:2 rwm", // ptmx
  "c 136:* rwm", // pts
  "c 10:200 rwm", // net/tun
];

type Rule = NonNullable<
  NonNullable<NonNullable<ValidSpec["config"]["linux"]>["resources"]>["devices"]
>[number];

/** The device rules of a configuration, in its order. */
export function deviceRules({ config }: ValidSpec): readonly Rule[] {
  return config.linux?.resources?.devices ?? [];
}

/**
 * The rules as writes to a version 1 cgroup that allows everything, as a new one does: the file's own in their order, then
 * what every container may use, then the devices that it gets (`linux.devices`). Without rules there is nothing to write.
 */
export function deviceWrites(spec: ValidSpec): DeviceWrite[] {
  const rules = deviceRules(spec);
  if (rules.length === 0) return [];
  const own = spec.devices.filter(({ type }) => type !== "p").map(({ type, major, minor }) =>
    `${type === "u" ? "c" : type} ${major}:${minor} rwm`
  );
  return [
    ...rules.flatMap(ruleWrites),
    ...[...ALWAYS_ALLOWED, ...own].map((value): DeviceWrite => ({ file: "devices.allow", value })),
  ];
}

function ruleWrites({ allow, type, major, minor, access }: Rule): DeviceWrite[] {
  const file = allow ? "devices.allow" : "devices.deny";
  const numbers = `${numberOf(major)}:${numberOf(minor)}`;
  const rights = access ?? "rwm";
  if (type !== undefined && type !== "" && type !== "a") {
    return [{ file, value: `${type} ${numbers} ${rights}` }];
  }
  // The kernel takes "a" for all of all; anything narrower is said for both types.
  if (numbers === "*:*" && rights.length === 3) return [{ file, value: "a" }];
  return ["b", "c"].map((kind) => ({ file, value: `${kind} ${numbers} ${rights}` }));
}

/** -1 and absence mean any. */
function numberOf(value: number | bigint | null | undefined): string {
  return value === undefined || value === null || value < 0 ? "*" : String(value);
}
