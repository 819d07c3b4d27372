import type { SeccompAnswer, SeccompRule } from "../valid.ts";
import type { Findings } from "./findings.ts";

/**
 * Two rules that give different answers for the same system call and the same conditions: nobody can say what is meant, and libseccomp
 * refuses them too. A rule for the call whatever its arguments are ends the list of those that count.
 */
export function checkConflicts(
  rules: readonly SeccompRule[],
  defaultAnswer: SeccompAnswer,
  findings: Findings,
): void {
  const decided = new Set<string>();
  const known = new Map<string, SeccompRule>();
  for (const rule of rules) {
    if (isSame(rule.answer, defaultAnswer)) continue;
    if (rule.conditions.length === 0) {
      for (const name of rule.names) decided.add(name);
      continue;
    }
    const conditions = conditionText(rule);
    for (const name of rule.names) {
      if (decided.has(name)) continue;
      const other = known.get(`${name} ${conditions}`);
      if (other === undefined) known.set(`${name} ${conditions}`, rule);
      else if (!isSame(other.answer, rule.answer)) {
        findings.problem(
          rule.origin,
          `has another action for ${name} than ${other.origin}, and the same conditions`,
        );
      }
    }
  }
}

function conditionText({ conditions }: SeccompRule): string {
  return conditions.map(({ index, operator, value, valueTwo }) =>
    `${index} ${operator} ${value} ${valueTwo}`
  ).sort().join(", ");
}

function isSame(a: SeccompAnswer, b: SeccompAnswer): boolean {
  return a.action === b.action && a.data === b.data;
}
