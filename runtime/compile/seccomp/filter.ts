import { seccompData } from "syscalls/abi/seccomp.ts";
import { ClassicBuilder, type Target } from "syscalls/bpf/classic.ts";
import { type ArgumentTest, ORDERINGS } from "./conditions.ts";
import type { Decision } from "./decisions.ts";
import type { Interval } from "./intervals.ts";
import { type Choice, numberFirst } from "./number_first.ts";
import { type Search, searchFor, weigh } from "./search.ts";
import { KILL, OTHER_ARCH_ANSWER, type Section } from "./sections.ts";

/**
 * The program that does what the sections say, of which the first is the machine's own.
 *
 * @param otherAudit what alone `seccomp_data.arch` can be beside the audit of the first; null where it can be anything
 */
export function writeFilter(
  sections: readonly Section[],
  otherAudit: number | null,
): Uint8Array<ArrayBuffer> {
  const builder = new ClassicBuilder();
  const [own] = sections;
  if (own !== undefined && otherAudit !== null) {
    const intervals = sections.find(({ audit }) => audit === otherAudit)?.intervals ?? NOT_LISTED;
    const search = numberFirst(own, intervals);
    if (search !== null) return builder.finish(writeByNumber(builder, own, otherAudit, search));
  }
  return builder.finish(writeByArch(builder, sections));
}

/** Of an architecture that the profile does not name. */
const NOT_LISTED: readonly Interval[] = [{ from: 0, decision: KILL }];

/** Looks at the architecture, then for the number among those of its section. */
function writeByArch(builder: ClassicBuilder, sections: readonly Section[]): Target {
  let next: Target = { answer: OTHER_ARCH_ANSWER };
  for (const { audit, bigEndian, intervals, table } of sections.toReversed()) {
    const writer = new DecisionWriter(builder, bigEndian);
    const search = searchFor(intervals, weigh(intervals, table));
    const found = writeSearch(builder, search, (decision) => writer.write(decision));
    const entry = builder.load(seccompData.offsets.nr, found);
    next = builder.when("jumpIfEqual", audit, entry, next);
  }
  return builder.load(seccompData.offsets.arch, next);
}

/** Looks for the number, then at the architecture where that makes a difference. */
function writeByNumber(
  builder: ClassicBuilder,
  { audit, bigEndian }: Section,
  otherAudit: number,
  search: Search<Choice>,
): Target {
  // The architectures of one machine have one byte order.
  const writer = new DecisionWriter(builder, bigEndian);
  const differing = new Map<Choice, Target>();
  const found = writeSearch(builder, search, (choice) => {
    const { own, other } = choice;
    if (own === other) return writer.write(own);
    const known = differing.get(choice);
    if (known !== undefined) return known;
    const killed: Target = { answer: OTHER_ARCH_ANSWER };
    const others = builder.when("jumpIfEqual", otherAudit, writer.write(other), killed);
    const either = builder.when("jumpIfEqual", audit, writer.write(own), others);
    const target = builder.load(seccompData.offsets.arch, either);
    differing.set(choice, target);
    return target;
  });
  return builder.load(seccompData.offsets.nr, found);
}

function writeSearch<D>(
  builder: ClassicBuilder,
  search: Search<D>,
  write: (decision: D) => Target,
): Target {
  if (search.kind === "found") return write(search.decision);
  const yes = writeSearch(builder, search.yes, write);
  const no = writeSearch(builder, search.no, write);
  return builder.when(search.comparison, search.k, yes, no);
}

/** Writes what is done about a call once it is known which one it is. */
class DecisionWriter {
  readonly #builder: ClassicBuilder;
  readonly #bigEndian: boolean;
  readonly #conditional = new Map<Decision, Target>();

  constructor(builder: ClassicBuilder, bigEndian: boolean) {
    this.#builder = builder;
    this.#bigEndian = bigEndian;
  }

  write(decision: Decision): Target {
    const { answer, rules } = decision;
    if (rules.length === 0) return { answer };
    const known = this.#conditional.get(decision);
    if (known !== undefined) return known;
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
    const isSecond = (half === "high") !== this.#bigEndian;
    return this.#builder.load(FIRST_ARGUMENT + 8 * index + (isSecond ? 4 : 0), next);
  }
}

const FIRST_ARGUMENT = seccompData.offsets["args[0]"];
const ALL_BITS = 0xffffffff;
