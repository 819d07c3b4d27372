import type { Problem } from "runtime/base/errors.ts";
import { pointerTo } from "runtime/spec/show.ts";
import { property, type UnitProperty } from "./property.ts";
import { parseVariantText, type TypedValue, VariantTextError } from "./variant_text.ts";

/** Annotations that begin so are properties of the container's unit. */
const PREFIX = "org.systemd.property.";

/** Properties from annotations, and what is wrong with those that are none. */
export interface AnnotationProperties {
  readonly properties: readonly UnitProperty[];
  readonly problems: readonly Problem[];
}

/** The properties that annotations ask for, as `org.systemd.property.CollectMode: "'inactive-or-failed'"`. */
export function annotationProperties(
  annotations: Readonly<Record<string, string>>,
): AnnotationProperties {
  const properties: UnitProperty[] = [];
  const problems: Problem[] = [];
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX)) continue;
    try {
      properties.push(read(key, text));
    } catch (cause) {
      if (!(cause instanceof VariantTextError)) throw cause;
      problems.push({ path: `/annotations${pointerTo(key)}`, text: cause.message });
    }
  }
  return { properties, problems };
}

/** Letters only, three of them at least, which no property of systemd is without. */
const PROPERTY_NAME = /^[A-Za-z]{3,}$/;

function read(key: string, text: string): UnitProperty {
  const name = key.slice(PREFIX.length);
  if (!PROPERTY_NAME.test(name)) {
    const why = name.length < 3 ? "too short" : "contains non-alphabetic character";
    throw new VariantTextError(`annotation ${key} name incorrect: ${why}`);
  }
  try {
    const typed = parseVariantText(text);
    // Times are documented by names that end in "Sec", and on the bus they are microseconds and end in "USec".
    const seconds = /^(.*[a-z])Sec$/.exec(name)?.[1];
    if (seconds === undefined) return property(name, typed.type, typed.value);
    return property(`${seconds}USec`, "t", microseconds(typed));
  } catch (cause) {
    if (!(cause instanceof VariantTextError)) throw cause;
    throw new VariantTextError(`annotation ${key}=${text} value parse error: ${cause.message}`, {
      cause,
    });
  }
}

const MILLION = 1_000_000;

function microseconds({ type, value }: TypedValue): bigint {
  if (typeof value === "bigint") return BigInt.asUintN(64, value * BigInt(MILLION));
  if (typeof value !== "number" || type === "h") throw new VariantTextError("not a number");
  return BigInt.asUintN(64, BigInt(Math.trunc(value * MILLION)));
}
