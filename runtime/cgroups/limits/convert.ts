import type { Amount } from "./limit_write.ts";

/**
 * CPU shares of version 1 as the weight of version 2: a quadratic curve in the logarithm that goes through minimum (2 to 1),
 * default (1024 to 100) and maximum (262144 to 10000), as runc 1.3.2 and crun 1.24 have it.
 *
 * @see https://github.com/opencontainers/cgroups/pull/20
 */
export function weightOfShares(shares: Amount): number {
  const number = Number(shares);
  if (number <= 2) return 1;
  if (number >= 262_144) return 10_000;
  const log = Math.log2(number);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** A block IO weight of version 1 (10 to 1000) as the one of version 2 (1 to 10000). */
export function weightOfBlockIo(weight: number): number {
  return 1 + Math.trunc((weight - 10) * 9999 / 990);
}

/** A limit of version 2, whose word for none is not -1. */
export function limitText(amount: Amount): string {
  return Number(amount) === -1 ? "max" : String(amount);
}
