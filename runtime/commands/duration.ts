/** Milliseconds in each unit of Go's time.ParseDuration. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go counts a duration in nanoseconds, in 64 bits with a sign: 292 years. */
const LONGEST = 2 ** 63 / 1e6;

/** The milliseconds of a duration as Go writes it: `300ms`, `1.5h`, `2h45m`, `-1s`; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, sign = "", parts = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (parts === "0") return 0;
  if (!/^((\d+\.?\d*|\.\d+)[a-z\u00b5\u03bc]+)+$/.test(parts)) return null;
  let sum = 0;
  for (const [, number = "", name = ""] of parts.matchAll(/([\d.]+)([^\d.]+)/g)) {
    const unit = Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
    if (unit === undefined) return null;
    sum += Number(number) * unit;
  }
  if (sum >= LONGEST) return null;
  return sign === "-" ? -sum : sum;
}
