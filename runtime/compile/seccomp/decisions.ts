import { SECCOMP_RET } from "syscalls/abi/seccomp.ts";
import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import type { SeccompAnswer, SeccompCondition, ValidSeccomp } from "runtime/spec/valid.ts";
import type { ArchTraits } from "./archs.ts";
import { type ArgumentTest, argumentTest } from "./conditions.ts";
import { MULTIPLEXED } from "./multiplexed.ts";

/** What a filter does about a system call. */
export interface Decision {
  /** What is answered when none of the rules holds: SECCOMP_RET_* and its data. */
  readonly answer: number;
  /** Tried in this order. */
  readonly rules: readonly ConditionalRule[];
  /** The rule of the profile that gives `answer`; "" for what is so by default. */
  readonly origin: string;
}

export interface ConditionalRule {
  /** All must hold. */
  readonly tests: readonly ArgumentTest[];
  readonly answer: number;
  readonly origin: string;
}

const RETURNS: Readonly<Record<SeccompAnswer["action"], number>> = {
  SCMP_ACT_ALLOW: SECCOMP_RET.SECCOMP_RET_ALLOW,
  SCMP_ACT_ERRNO: SECCOMP_RET.SECCOMP_RET_ERRNO,
  SCMP_ACT_KILL_PROCESS: SECCOMP_RET.SECCOMP_RET_KILL_PROCESS,
  SCMP_ACT_KILL_THREAD: SECCOMP_RET.SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_LOG: SECCOMP_RET.SECCOMP_RET_LOG,
  SCMP_ACT_NOTIFY: SECCOMP_RET.SECCOMP_RET_USER_NOTIF,
  SCMP_ACT_TRACE: SECCOMP_RET.SECCOMP_RET_TRACE,
  SCMP_ACT_TRAP: SECCOMP_RET.SECCOMP_RET_TRAP,
};

/** The answer as a filter returns it. */
export function returnOf({ action, data }: SeccompAnswer): number {
  return RETURNS[action] + data;
}

/** What a profile says of the system calls of one architecture. */
export interface ArchDecisions {
  /** By number; what is not in here gets the default. */
  readonly byNumber: ReadonlyMap<number, Decision>;
  /** The highest number that the profile names, also where it says nothing but the default; null when it names none above 0. */
  readonly highest: number | null;
}

/**
 * Looks up the calls that a profile names.
 *
 * A rule without conditions outdoes all others for its call, the first such one counts. Rules with conditions are tried in the order
 * that {@link inOrder} gives them; which one is first matters only where several hold and their actions differ.
 */
export function decisionsFor(
  policy: ValidSeccomp,
  traits: ArchTraits,
  table: SyscallTable,
): ArchDecisions {
  const otherwise = returnOf(policy.defaultAnswer);
  const collector = new Collector(traits.wide);
  const multiplexed = traits.multiplexed ? MULTIPLEXED : null;
  let highest = 0;
  for (const rule of policy.rules) {
    const decision: Decision = { answer: returnOf(rule.answer), rules: [], origin: rule.origin };
    for (const name of rule.names) {
      const number = Object.hasOwn(table, name) ? table[name] as number : -1;
      const mux = multiplexed?.get(name);
      const by = mux === undefined ? -1 : table[mux.by] ?? -1;
      if (number > highest) highest = number;
      if (by > highest) highest = by;
      if (decision.answer === otherwise) continue;
      if (number >= 0) collector.add(number, decision, rule.conditions);
      if (mux === undefined || by < 0) continue;
      collector.add(by, decision, multiplexedConditions(mux.number, rule.conditions));
    }
  }
  return { byNumber: collector.finish(otherwise), highest: highest === 0 ? null : highest };
}

/** The first argument says which call it is, so nothing else can be asked of it. It is an int: the kernel looks at no more of it. */
function multiplexedConditions(
  number: number,
  conditions: readonly SeccompCondition[],
): readonly SeccompCondition[] {
  const which: SeccompCondition = {
    index: 0,
    operator: "SCMP_CMP_MASKED_EQ",
    value: 0xffffffffn,
    valueTwo: BigInt(number),
  };
  return [which, ...conditions.filter(({ index }) => index !== 0)];
}

/** The rules of each call while they are collected. */
class Collector {
  readonly #wide: boolean;
  readonly #decided = new Map<number, Decision>();
  readonly #conditional = new Map<number, ConditionalRule[]>();

  constructor(wide: boolean) {
    this.#wide = wide;
  }

  add(number: number, decision: Decision, conditions: readonly SeccompCondition[]): void {
    if (this.#decided.has(number)) return;
    const tests = conditions.length === 0 ? [] : this.#tests(conditions);
    if (tests.length === 0) {
      this.#decided.set(number, decision);
      return;
    }
    const rule: ConditionalRule = { tests, answer: decision.answer, origin: decision.origin };
    const rules = this.#conditional.get(number);
    if (rules === undefined) this.#conditional.set(number, [rule]);
    else rules.push(rule);
  }

  finish(otherwise: number): ReadonlyMap<number, Decision> {
    for (const [number, rules] of this.#conditional) {
      if (this.#decided.has(number)) continue;
      this.#decided.set(number, { answer: otherwise, rules: inOrder(rules), origin: "" });
    }
    return this.#decided;
  }

  #tests(conditions: readonly SeccompCondition[]): readonly ArgumentTest[] {
    return conditions.map((condition) => argumentTest(condition, this.#wide))
      .filter(({ mask }) => mask.low !== 0 || mask.high !== 0)
      .sort((a, b) => a.index - b.index);
  }
}

/** What libseccomp looks at first among conditions on the same argument. */
const PRECEDENCE: Readonly<Record<SeccompCondition["operator"], number>> = {
  SCMP_CMP_EQ: 3,
  SCMP_CMP_NE: 3,
  SCMP_CMP_MASKED_EQ: 3,
  SCMP_CMP_LE: 2,
  SCMP_CMP_LT: 2,
  SCMP_CMP_GE: 1,
  SCMP_CMP_GT: 1,
};

/**
 * Rules in the order in which libseccomp tries them: by their first argument, later ones first; then equality, then what must be less (the smaller
 * first), then what must be greater (the greater first); then as the profile has them.
 */
function inOrder(rules: readonly ConditionalRule[]): readonly ConditionalRule[] {
  return rules.length < 2 ? rules : rules.toSorted(({ tests: [a] }, { tests: [b] }) => {
    if (a === undefined || b === undefined) return 0;
    const precedence = PRECEDENCE[b.operator] - PRECEDENCE[a.operator];
    if (a.index !== b.index || precedence !== 0) return b.index - a.index || precedence;
    const difference = b.value.high - a.value.high || b.value.low - a.value.low;
    return PRECEDENCE[a.operator] === 2 ? -difference : difference;
  });
}
