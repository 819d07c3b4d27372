import type { Context } from "./context.ts";
import { answers, type Section, type Topic } from "./info/answer.ts";
import { CGROUPS } from "./info/cgroups.ts";
import { CHECKPOINT } from "./info/checkpoint.ts";
import { HOST, PROGRAM } from "./info/host.ts";
import { MOUNTS, NAMESPACE_TOPIC, PROCESSES } from "./info/kernel.ts";
import { ROOTLESS } from "./info/rootless.ts";
import { SECURITY } from "./info/security.ts";
import { thisMachine } from "./info/this_machine.ts";

export type { Finding, Section } from "./info/answer.ts";

/** Everything that is asked about a host, in the order of the answers. */
export const TOPICS: readonly Topic[] = [
  PROGRAM,
  HOST,
  CGROUPS,
  NAMESPACE_TOPIC,
  MOUNTS,
  PROCESSES,
  SECURITY,
  ROOTLESS,
  CHECKPOINT,
];

/** What this host can and cannot do for containers, and why. A question that fails is an answer too. */
export function info(context: Context): readonly Section[] {
  const machine = thisMachine(context);
  return TOPICS.map((topic) => answers(topic, machine));
}
