/** A property of a unit as systemd takes it on the bus (org.freedesktop.systemd1(5)). */
export interface UnitProperty {
  readonly name: string;
  /** D-Bus signature of the value: `b`, `s`, `t` (64 bit without sign), `ay` (bytes), `a(ss)`. */
  readonly type: string;
  /** As the signature wants it: a bigint for `t` and `x`, a list for arrays and structs. */
  readonly value: unknown;
}

/** "infinity" in systemd's limits: 2^64-1. */
export const INFINITY = 2n ** 64n - 1n;

export function property(name: string, type: string, value: unknown): UnitProperty {
  return { name, type, value };
}

/** Each property once, the last one with a name being the one that counts. */
export function lastOfEach(properties: readonly UnitProperty[]): UnitProperty[] {
  return [...new Map(properties.map((one) => [one.name, one])).values()];
}
