/** A number, perhaps a blank, and a unit: `512m`, `1.5 GiB`, `4096`. */
const SIZE = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?:([kmgtp])(?:i?b)?|b)?$/i;

/** Bytes in a unit; thousands are not meant by any of them. */
const UNITS: Readonly<Record<string, number>> = {
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** Reads a size as runc and Docker do (RAMInBytes of go-units); null for what is none. */
export function parseByteSize(text: string): number | null {
  const [, number, unit = ""] = SIZE.exec(text) ?? [];
  if (number === undefined) return null;
  const bytes = Math.trunc(Number(number) * (UNITS[unit.toLowerCase()] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : null;
}
