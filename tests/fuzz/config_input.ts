import { encodeText } from "syscalls/abi/text.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import { CONFIG_TABLE } from "runtime/spec/table.gen.ts";
import type { Random } from "tests/support/random.ts";
import { fixture, fixtureNames, jsonText } from "tests/support/spec_fixtures.ts";
import { mutateJson } from "./mutate_json.ts";
import { damageText } from "./mutate_text.ts";
import { smallerTexts, smallerValues } from "./shrink.ts";

/** The files that other programs wrote, as values; numbers of 64 bits are exact. */
function examples(): unknown[] {
  return fixtureNames().map((name) => parseConfig(fixture(name), name));
}

let known: unknown[] | undefined;

/** A config.json that was right before it was changed in a few places; some are no JSON any more. */
export function configText(random: Random): string {
  known ??= examples();
  const value = mutateJson(known[random.below(known.length)], CONFIG_TABLE, random);
  const text = jsonText(value) ?? "";
  return random.chance(12) ? damageText(text, random) : text;
}

/** What a program that reads the file gets: bytes that are no UTF-8 are replaced. */
export function asRead(text: string): string {
  return new TextDecoder().decode(encodeText(text));
}

/** Smaller texts of the same kind: values with less in them, or pieces of what is no JSON. */
export function* smallerJson(text: string): Iterable<string> {
  const value = valueOf(text);
  if (value === undefined) return yield* smallerTexts(text);
  for (const smaller of smallerValues(value)) yield jsonText(smaller) ?? "";
}

function valueOf(text: string): unknown {
  try {
    return (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, exactInteger);
  } catch {
    return undefined;
  }
}

/** As JSON.parse calls it since ECMAScript 2026; TypeScript's library does not know yet. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const exactInteger: Reviver = (_key, value, { source = "" }) =>
  typeof value === "number" && /^-?\d{16,}$/.test(source) ? BigInt(source) : value;
