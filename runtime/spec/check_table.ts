import type { Problem } from "runtime/base/errors.ts";
import { pointerTo, show } from "./show.ts";

/**
 * What one value of a file must look like. Tables are generated from the schema; this is the language they are written in.
 *
 * - `text`: any string; `string`: one without NUL
 * - `integer`: from, to (inclusive), as number or bigint
 * - `word`: one of the words
 * - `list`: of this; `map`: of any names to this
 * - `object`: names, what each must look like, and how many of them (the first ones) must be there
 */
export type Table =
  | readonly ["text"]
  | readonly ["string"]
  | readonly ["boolean"]
  | readonly ["integer", number | bigint, number | bigint]
  | readonly ["word", readonly string[]]
  | readonly ["list", Table]
  | readonly ["map", Table]
  | readonly ["object", readonly string[], readonly Table[], number];

/**
 * Compares a value with a table.
 *
 * A null where a value is optional means that it is absent (Go's encoders write such nulls); it is replaced by undefined in
 * `value`. Names that the table does not have are left alone, as the runtime-spec asks for, unless they differ by case alone
 * from one that it has: Go's decoder takes them for it, and there are callers that have come to depend on that.
 *
 * @returns every problem, in the order of the table; none when the value fits
 */
export function checkTable(table: Table, value: unknown): Problem[] {
  const problems: Problem[] = [];
  checkValue(table, value, "", problems);
  return problems;
}

function checkValue(table: Table, value: unknown, path: string, problems: Problem[]): void {
  switch (table[0]) {
    case "text":
    case "string":
      if (typeof value !== "string") wrongType(table, value, path, problems);
      else if (table[0] === "string" && value.includes("\0")) {
        problems.push({ path, text: `${show(value)} contains a null byte` });
      }
      return;
    case "boolean":
      if (typeof value !== "boolean") wrongType(table, value, path, problems);
      return;
    case "integer":
      return checkInteger(table, value, path, problems);
    case "word":
      if (typeof value !== "string") wrongType(table, value, path, problems);
      else if (!table[1].includes(value)) {
        problems.push({ path, text: `${show(value)} is not one of ${wordList(table[1])}` });
      }
      return;
    case "list":
      if (!Array.isArray(value)) return wrongType(table, value, path, problems);
      return checkItems(table[1], value, path, problems);
    case "map":
      if (!isObject(value)) return wrongType(table, value, path, problems);
      for (const name of Object.keys(value)) {
        checkValue(table[1], value[name], path + pointerTo(name), problems);
      }
      return;
    case "object":
      if (!isObject(value)) return wrongType(table, value, path, problems);
      return checkProperties(table, value, path, problems);
  }
}

function checkItems(
  table: Table,
  items: readonly unknown[],
  path: string,
  problems: Problem[],
): void {
  const areStrings = table[0] === "string";
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    // Most of a file is lists of strings: a good one needs no pointer.
    if (areStrings && typeof item === "string" && !item.includes("\0")) continue;
    checkValue(table, item, `${path}/${i}`, problems);
  }
}

function checkProperties(
  [, names, tables, required]: Extract<Table, readonly ["object", ...unknown[]]>,
  object: Record<string, unknown>,
  path: string,
  problems: Problem[],
): void {
  if (hasOtherNames(object, names)) foldNames(object, names);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const table = tables[i] as Table;
    const value = object[name];
    if (value === undefined || value === null) {
      if (i < required) {
        problems.push({
          path: `${path}/${name}`,
          text: `is missing; ${describe(table)} is required`,
        });
      } else if (value === null) object[name] = undefined;
    } else checkValue(table, value, `${path}/${name}`, problems);
  }
}

function hasOtherNames(object: Record<string, unknown>, names: readonly string[]): boolean {
  for (const name in object) if (!names.includes(name)) return true;
  return false;
}

/** Moves values to the names that the table has, where only upper and lower case differ. The last one in the file counts. */
function foldNames(object: Record<string, unknown>, names: readonly string[]): void {
  const folded: Record<string, unknown> = {};
  for (const other of Object.keys(object)) {
    const lower = other.toLowerCase();
    const name = names.find((known) => known.toLowerCase() === lower);
    if (name !== undefined) folded[name] = merged(folded[name], object[other]);
  }
  Object.assign(object, folded);
}

/** Of two objects Go's decoder keeps what only the first has. */
function merged(first: unknown, second: unknown): unknown {
  if (!isObject(first) || !isObject(second)) return second;
  const both = { ...first };
  for (const name of Object.keys(second)) both[name] = merged(first[name], second[name]);
  return both;
}

function checkInteger(
  table: Extract<Table, readonly ["integer", ...unknown[]]>,
  value: unknown,
  path: string,
  problems: Problem[],
): void {
  const [, low, high] = table;
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    return wrongType(table, value, path, problems);
  }
  const number = value as number | bigint;
  if (number < low || number > high) {
    problems.push({ path, text: `${number} is not in the range ${low} to ${high}` });
  }
}

function wrongType(table: Table, value: unknown, path: string, problems: Problem[]): void {
  problems.push({ path, text: `${show(value)} is not ${describe(table)}` });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wordList(words: readonly string[]): string {
  return words.filter((word) => word !== "").join(", ");
}

function describe(table: Table): string {
  switch (table[0]) {
    case "text":
    case "string":
      return "a string";
    case "boolean":
      return "true or false";
    case "integer":
      return `an integer from ${table[1]} to ${table[2]}`;
    case "word":
      return `one of ${wordList(table[1])}`;
    case "list":
      return "an array";
    case "map":
    case "object":
      return "an object";
  }
}
