/** Longest piece of a value that an error message repeats, in UTF-16 units. */
const LONGEST = 80;

/** A value as error messages write it: strings quoted and cut, objects and arrays by their kind. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length <= LONGEST
        ? JSON.stringify(value)
        : `${JSON.stringify(value.slice(0, LONGEST))}... (${value.length} characters)`;
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? "an array" : "an object";
    default:
      return String(value);
  }
}

/** One step of a JSON pointer (RFC 6901): `/` and the name, escaped. */
export function pointerTo(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
