import type { Table } from "runtime/spec/check_table.ts";
import type { Random } from "tests/support/random.ts";

/** Texts that have broken programs before. */
const TEXTS: readonly [string, ...string[]] = [
  "",
  "/",
  ".",
  "..",
  "../..",
  "/../../etc",
  "/proc/self/exe",
  "/proc/self/root/etc",
  "/proc/1/ns/mnt",
  "//x//y/.",
  "a\0b",
  "\n",
  "a\nlevel=error msg=x",
  "\ud800",
  "\u{1f600}",
  "\u202e",
  "%s%n%x",
  "$(true)",
  "-x",
  "--",
  "=",
  ":",
  "a=b",
  "0",
  "-1",
  "0-3,7",
  "18446744073709551616",
  "1e9",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(255),
  "x".repeat(256),
  "x".repeat(4096),
  "x".repeat(70_000),
  "/x".repeat(2100),
];

const NUMBERS: readonly [number | bigint, ...(number | bigint)[]] = [
  0,
  1,
  -1,
  2,
  255,
  256,
  65535,
  65536,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
  0x1_0000_0000,
  Number.MAX_SAFE_INTEGER,
  0x20_0000_0000_0001n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
  0x1_0000_0000_0000_0000n,
  -0x8000_0000n,
  -0x8000_0000_0000_0000n,
  -0x8000_0000_0000_0001n,
  0.5,
  -0,
  1e21,
  1e300,
];

/** Values of every JSON type. */
function oddValue(random: Random): unknown {
  const makers: readonly [() => unknown, ...(() => unknown)[]] = [
    () => null,
    () => random.chance(50),
    () => random.pick(NUMBERS),
    () => random.pick(TEXTS),
    () => [],
    () => ({}),
    () => [null],
    () => [[]],
    () => [random.pick(TEXTS)],
    () => ({ "": random.pick(NUMBERS) }),
    () => own({}, "__proto__", { type: "x" }),
  ];
  return random.pick(makers)();
}

/** Sets a property whatever its name is: `__proto__` is none that an assignment makes. */
function own(object: object, name: string, value: unknown): object {
  return Object.defineProperty(object, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** A value as the table wants it, with the limits of its numbers and the words that it knows more often than others. */
export function valueFor(table: Table, random: Random, depth = 0): unknown {
  switch (table[0]) {
    case "text":
    case "string":
      return random.pick(TEXTS);
    case "boolean":
      return random.chance(50);
    case "integer":
      return numberFor(table[1], table[2], random);
    case "word":
      return table[1][random.below(table[1].length)] ?? "";
    case "list":
      return Array.from(
        { length: random.below(depth > 4 ? 1 : 4) },
        () => valueFor(table[1], random, depth + 1),
      );
    case "map":
      return own({}, random.pick(TEXTS), valueFor(table[1], random, depth + 1));
    case "object": {
      const [, names, tables, required] = table;
      const object = {};
      for (const [i, name] of names.entries()) {
        const wanted = i < required || depth < 3 && random.chance(30);
        if (wanted) own(object, name, valueFor(tables[i] as Table, random, depth + 1));
      }
      return object;
    }
  }
}

function numberFor(low: number | bigint, high: number | bigint, random: Random): number | bigint {
  switch (random.below(6)) {
    case 0:
      return low;
    case 1:
      return high;
    case 2:
      return typeof low === "bigint" ? low - 1n : low - 1;
    case 3:
      return typeof high === "bigint" ? high + 1n : high + 1;
    case 4:
      return random.below(1000);
    default:
      return random.pick(NUMBERS);
  }
}

/** What else may go into one place of a file that the table describes. */
function changed(value: unknown, table: Table | undefined, random: Random): unknown {
  const choice = random.below(10);
  if (choice < 2 || table === undefined) return oddValue(random);
  if (choice < 8) return valueFor(table, random);
  if (Array.isArray(value) && value.length > 0) {
    // The same ones again, or very many.
    if (random.chance(80)) return [...value, ...value];
    return Array.from({ length: 3000 }, (_, i) => value[i % value.length]);
  }
  if (typeof value === "string") {
    const at = random.below(value.length + 1);
    return value.slice(0, at) + random.pick(TEXTS) + value.slice(at);
  }
  return oddValue(random);
}

/** A copy of a value that the table describes, changed in one to four places. */
export function mutateJson(value: unknown, table: Table, random: Random): unknown {
  let copy = structuredClone(value);
  for (let i = random.below(4); i >= 0; i--) copy = mutateAt(copy, table, random);
  return copy;
}

function mutateAt(value: unknown, table: Table | undefined, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.chance(5)) {
    return changed(value, table, random);
  }
  if (Array.isArray(value)) return mutateList(value, table, random);
  const names = Object.keys(value);
  if (random.chance(15) || names.length === 0) return mutateNames(value, table, random);
  const name = names[random.below(names.length)] ?? "";
  const child = (value as Record<string, unknown>)[name];
  return own(value, name, mutateAt(child, tableAt(table, name), random));
}

function mutateList(list: unknown[], table: Table | undefined, random: Random): unknown {
  const inner = table?.[0] === "list" ? table[1] : undefined;
  const at = random.below(list.length + 1);
  const choice = random.below(10);
  if (choice === 0) return list.toSpliced(at, 1);
  if (choice === 1) return [...list, list[random.below(list.length)]];
  if (at === list.length || choice === 2) {
    const item = inner === undefined ? oddValue(random) : valueFor(inner, random);
    return list.toSpliced(at, 0, item);
  }
  return list.with(at, mutateAt(list[at], inner, random));
}

/** Takes a property away, adds one that the table has, or one that it has not, or changes how one is spelt. */
function mutateNames(object: object, table: Table | undefined, random: Random): object {
  const names = Object.keys(object);
  const name = names[random.below(names.length)] ?? "x";
  const child = (object as Record<string, unknown>)[name];
  const choice = random.below(10);
  if (choice < 2) {
    delete (object as Record<string, unknown>)[name];
    return object;
  }
  if (choice < 8 && table?.[0] === "object") {
    const at = random.below(table[1].length);
    return own(object, table[1][at] ?? "x", valueFor(table[2][at] as Table, random));
  }
  if (choice === 8) return own(object, name.toUpperCase(), child);
  const inner = table?.[0] === "map" ? valueFor(table[1], random) : oddValue(random);
  return own(object, random.pick(TEXTS), inner);
}

function tableAt(table: Table | undefined, name: string): Table | undefined {
  if (table?.[0] === "map") return table[1];
  if (table?.[0] !== "object") return undefined;
  return table[2][table[1].indexOf(name)];
}
