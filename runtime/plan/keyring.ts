import { hasNamespace, type PlanInput } from "./input.ts";
import type { Step } from "./step.ts";

/** What the session keyring of a container's processes is called: runc's name, by which `exec` joins it. */
export function sessionKeyringName(id: string): string {
  return `_ses.${id}`;
}

/** A session keyring of the container's own, in place of the caller's with all its keys. */
export function sessionKeyringSteps(input: PlanInput): Step[] {
  // As runc has it: a process of the container that does not possess the keyring may search it by its user, which in a
  // user namespace may be any.
  return keyringSteps(input, hasNamespace(input.spec, "user") ? "others" : "user");
}

/** The same for a process of `exec`: the permissions are the init's business. */
export function joinKeyringSteps(input: PlanInput): Step[] {
  return keyringSteps(input, null);
}

function keyringSteps(
  { keyring: name }: PlanInput,
  searchableBy: "user" | "others" | null,
): Step[] {
  if (name === null) return [];
  const label = `join session keyring ${JSON.stringify(name)}`;
  return [{ kind: "joinSessionKeyring", name, searchableBy, label, origin: "" }];
}
