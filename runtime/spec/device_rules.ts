import type { ValidSpec } from "./valid.ts";

/** One rule of who may use which devices; the last rule that fits decides. */
export interface DeviceRule {
  readonly allow: boolean;
  /** `a`: both. */
  readonly type: "a" | "b" | "c";
  /** Null: any. */
  readonly major: number | null;
  readonly minor: number | null;
  /** Letters of `rwm`: read, write, mknod. */
  readonly access: string;
}

const ANY = null;

/** What every container may use whatever its rules say, as runc has it: making any node, and the devices of a plain /dev. */
const ALWAYS_ALLOWED: readonly (readonly ["b" | "c", number | null, number | null, string])[] = [
  ["c", ANY, ANY, "m"],
  ["b", ANY, ANY, "m"],
  ["c", 1, 3, "rwm"], // null
  ["c", 1, 5, "rwm"], // zero
  ["c", 1, 7, "rwm"], // full
  ["c", 1, 8, "rwm"], // random
  ["c", 1, 9, "rwm"], // urandom
  ["c", 5, 0, "rwm"], // tty
  ["c", 5, 2, "rwm"], // ptmx
  ["c", 136, ANY, "rwm"], // pts
  ["c", 10, 200, "rwm"], // net/tun
];

/**
 * The device rules of a configuration in their order, then what every container may use. That a device is made
 * (`linux.devices`) allows nobody to use it. Without rules in the file there are none: everything is allowed.
 */
export function deviceRules({ config }: ValidSpec): DeviceRule[] {
  const rules = config.linux?.resources?.devices ?? [];
  if (rules.length === 0) return [];
  return [
    ...rules.map(({ allow, type, major, minor, access }): DeviceRule => ({
      allow: allow === true,
      type: type === "b" || type === "c" ? type : "a",
      major: numberOf(major),
      minor: numberOf(minor),
      access: knownLetters(access ?? "rwm"),
    })).filter(({ access }) => access !== ""),
    ...ALWAYS_ALLOWED.map(([type, major, minor, access]) => ({
      allow: true,
      type,
      major,
      minor,
      access,
    })),
  ];
}

/** Other letters have been warned of: the kernel takes none. */
function knownLetters(access: string): string {
  return access.replace(/[^rwm]/g, "");
}

/** -1 and absence mean any. */
function numberOf(value: number | bigint | null | undefined): number | null {
  return value === undefined || value === null || value < 0 ? ANY : Number(value);
}
