import type { Comparison } from "syscalls/bpf/classic.ts";
import type { SeccompCondition } from "runtime/spec/valid.ts";

/** A test of one half of an argument, or of an argument that has one half only. */
export interface ArgumentTest {
  readonly index: number;
  readonly operator: SeccompCondition["operator"];
  /** Of SCMP_CMP_MASKED_EQ; all ones for the others. Unsigned 32-bit halves, as are those of `value`. */
  readonly mask: Halves;
  readonly value: Halves;
}

interface Halves {
  readonly low: number;
  readonly high: number;
}

const ALL: Halves = { low: 0xffffffff, high: 0xffffffff };

/** A condition as the machine tests it: masks applied, and nothing but the low half where arguments have no more. */
export function argumentTest(condition: SeccompCondition, wide: boolean): ArgumentTest {
  const { index, operator, value, valueTwo } = condition;
  const isMasked = operator === "SCMP_CMP_MASKED_EQ";
  const mask = isMasked ? halves(value) : ALL;
  const wanted = halves(isMasked ? valueTwo & value : value);
  return {
    index,
    operator,
    mask: wide ? mask : { ...mask, high: 0 },
    value: wide ? wanted : { ...wanted, high: 0 },
  };
}

function halves(value: bigint): Halves {
  return { low: Number(value & 0xffffffffn), high: Number(value >> 32n & 0xffffffffn) };
}

/** A comparison, and whether it must hold or must not. */
export interface Ordering {
  readonly comparison: Comparison;
  readonly holds: boolean;
}

/** The operators that ask which is greater, for the last half that is compared. */
export const ORDERINGS: Partial<Readonly<Record<SeccompCondition["operator"], Ordering>>> = {
  SCMP_CMP_GT: { comparison: "jumpIfAbove", holds: true },
  SCMP_CMP_GE: { comparison: "jumpIfAtLeast", holds: true },
  SCMP_CMP_LT: { comparison: "jumpIfAtLeast", holds: false },
  SCMP_CMP_LE: { comparison: "jumpIfAbove", holds: false },
};
