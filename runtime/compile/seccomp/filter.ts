import { seccompData } from "syscalls/abi/seccomp.ts";
import { ClassicBuilder, type Target } from "syscalls/bpf/classic.ts";
import { type ArgumentTest, ORDERINGS } from "./conditions.ts";
import type { Decision } from "./decisions.ts";
import { isSame } from "./intervals.ts";
import { type Search, searchFor } from "./search.ts";
import { OTHER_ARCH_ANSWER, type Section } from "./sections.ts";

/** The program that does what the sections say. */
export function writeFilter(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const builder = new ClassicBuilder();
  let next: Target = { answer: OTHER_ARCH_ANSWER };
  for (const section of sections.toReversed()) {
    const entry = new SectionWriter(builder, section).write();
    next = builder.when("jumpIfEqual", section.audit, entry, next);
  }
  return builder.finish(builder.load(seccompData.offsets.arch, next));
}

/** Writes the part for one architecture. */
class SectionWriter {
  readonly #builder: ClassicBuilder;
  readonly #section: Section;
  readonly #conditional = new Map<Decision, Target>();

  constructor(builder: ClassicBuilder, section: Section) {
    this.#builder = builder;
    this.#section = section;
  }

  write(): Target {
    const { intervals, frequencies } = this.#section;
    const start = this.#find(searchFor(intervals, frequencies));
    return this.#builder.load(seccompData.offsets.nr, start);
  }

  #find(search: Search): Target {
    if (search.kind === "found") return this.#decide(search.interval.decision);
    const yes = this.#find(search.yes);
    const no = this.#find(search.no);
    return this.#builder.when(search.comparison, search.k, yes, no);
  }

  #decide(decision: Decision): Target {
    const { answer, rules } = decision;
    if (rules.length === 0) return { answer };
    for (const [known, target] of this.#conditional) if (isSame(known, decision)) return target;
    let next: Target = { answer };
    for (const rule of rules.toReversed()) {
      let yes: Target = { answer: rule.answer };
      for (const test of rule.tests.toReversed()) yes = this.#test(test, yes, next);
      next = yes;
    }
    this.#conditional.set(decision, next);
    return next;
  }

  /** Goes on at `yes` where a test of an argument holds. */
  #test(test: ArgumentTest, yes: Target, no: Target): Target {
    const ordering = ORDERINGS[test.operator];
    if (ordering === undefined) {
      return test.operator === "SCMP_CMP_NE"
        ? this.#equal(test, no, yes)
        : this.#equal(test, yes, no);
    }
    const [above, below] = ordering.holds ? [yes, no] : [no, yes];
    const { index, value, mask } = test;
    const low = this.#load(
      index,
      "low",
      this.#builder.when(ordering.comparison, value.low, above, below),
    );
    if (mask.high === 0) return low;
    const equal = this.#builder.when("jumpIfEqual", value.high, low, below);
    const high = this.#builder.when("jumpIfAbove", value.high, above, equal);
    return this.#load(index, "high", high);
  }

  #equal({ index, mask, value }: ArgumentTest, yes: Target, no: Target): Target {
    let next = yes;
    for (const half of ["low", "high"] as const) {
      if (mask[half] === 0) continue;
      next = this.#load(index, half, this.#equalHalf(mask[half], value[half], next, no));
    }
    return next;
  }

  #equalHalf(mask: number, value: number, yes: Target, no: Target): Target {
    const builder = this.#builder;
    if (mask === ALL_BITS) return builder.when("jumpIfEqual", value, yes, no);
    if (value === 0) return builder.when("jumpIfAnyBit", mask, no, yes);
    const isOneBit = (mask & mask - 1) === 0;
    if (isOneBit) return builder.when("jumpIfAnyBit", mask, yes, no);
    return builder.and(mask, builder.when("jumpIfEqual", value, yes, no));
  }

  #load(index: number, half: "low" | "high", next: Target): Target {
    const isSecond = (half === "high") !== this.#section.bigEndian;
    return this.#builder.load(FIRST_ARGUMENT + 8 * index + (isSecond ? 4 : 0), next);
  }
}

const FIRST_ARGUMENT = seccompData.offsets["args[0]"];
const ALL_BITS = 0xffffffff;
