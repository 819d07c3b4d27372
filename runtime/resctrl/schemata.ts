import type { IntelRdt } from "runtime/spec/valid.ts";

/** The lines of a `schemata` file that a container asks for, in the order of the specification. */
export function schemataLines(
  { l3CacheSchema = "", memBwSchema = "", schemata = [] }: IntelRdt,
): string[] {
  // What is said of the bandwidth by its own property is not to be said before by another one.
  const cache = l3CacheSchema.split("\n")
    .filter((line) => memBwSchema === "" || !line.startsWith("MB:"));
  return [...cache, memBwSchema, ...schemata].filter((line) => line !== "");
}

/**
 * Those of some lines that a class does not have. A line need not name every cache, and numbers may be written in several ways.
 *
 * @param text the class's `schemata`
 * @param granularity steps of the memory bandwidth in percent, to which the kernel rounds up (info/MB/bandwidth_gran)
 */
export function linesNotIn(
  wanted: readonly string[],
  text: string,
  granularity: number,
): string[] {
  const present = new Map(
    text.split("\n").map(parseLine).map(({ name, amounts }) => [name, amounts]),
  );
  return wanted.filter((line) => {
    const { name, amounts } = parseLine(line);
    const has = present.get(name);
    const isSame = ([cache, amount]: readonly [string, bigint | null]): boolean => {
      const found = has?.get(cache);
      if (amount === null || found === undefined) return false;
      return found === amount || found === roundedUp(amount, name === "MB" ? granularity : 1);
    };
    return has === undefined || ![...amounts].every(isSame);
  });
}

/** Those of a class's lines that say the same of other amounts as some lines do: what to write to take those back. */
export function linesLike(wanted: readonly string[], text: string): string[] {
  const names = wanted.map((line) => parseLine(line).name);
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && names.includes(parseLine(line).name));
}

interface SchemaLine {
  /** `L3`, `L2`, `L3CODE`, `MB` ... */
  readonly name: string;
  /** By the number of the cache; null for what is no number. */
  readonly amounts: ReadonlyMap<string, bigint | null>;
}

/** `L3:0=7ff;1=7ff` and `MB:0=100;1=100`: masks of a cache are hexadecimal, bandwidths decimal. */
function parseLine(line: string): SchemaLine {
  const [name = "", ...rest] = line.split(":");
  const prefix = /^S?MB$/.test(name.trim()) ? "" : "0x";
  const amounts = new Map<string, bigint | null>();
  for (const part of rest.join(":").split(";")) {
    const [cache = "", amount = ""] = part.split("=", 2);
    const digits = amount.trim().replace(/^0x/, "");
    const isNumber = (prefix === "" ? /^\d+$/ : /^[\da-f]+$/i).test(digits);
    amounts.set(cache.trim(), isNumber ? BigInt(prefix + digits) : null);
  }
  return { name: name.trim(), amounts };
}

function roundedUp(amount: bigint, step: number): bigint {
  const size = BigInt(Math.max(1, step));
  return (amount + size - 1n) / size * size;
}
