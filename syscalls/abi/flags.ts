import type { Brand } from "./brand.ts";

/** Flags of one family, or-ed. Families do not mix: `Flags<"MS">` is no `Flags<"MOUNT_ATTR">`. */
export type Flags<Family extends string> = Brand<bigint, Family>;

/** One family of kernel flags: its names and values, as a uapi header writes them. */
export interface FlagFamily<Family extends string, Name extends string> {
  readonly family: Family;
  readonly values: Readonly<Record<Name, bigint>>;
  /** The named flags, or-ed. */
  of(...names: readonly Name[]): Flags<Family>;
  /** The flags as a person reads them: `A|B`, unknown bits in hex, `0` for none. */
  text(flags: bigint): string;
}

/**
 * Declares a family of flags.
 *
 * `values` lists single bits before combinations of them, so that {@link FlagFamily.text} can name both.
 */
export function flagFamily<const Family extends string, const Name extends string>(
  family: Family,
  values: Readonly<Record<Name, bigint>>,
): FlagFamily<Family, Name> {
  return {
    family,
    values,
    of: (...names) => names.reduce((flags, name) => flags | values[name], 0n) as Flags<Family>,
    text: (flags) => flagText(values, flags),
  };
}

function flagText(values: Readonly<Record<string, bigint>>, flags: bigint): string {
  if (flags === 0n) return "0";
  const names: string[] = [];
  let rest = flags;
  for (const [name, value] of Object.entries(values)) {
    if (value !== 0n && (rest & value) === value) {
      names.push(name);
      rest &= ~value;
    }
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.join("|");
}
