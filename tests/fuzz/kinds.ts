import { argvKind } from "./argv_kind.ts";
import { Box } from "./box.ts";
import { configKind } from "./config_kind.ts";
import { containerKind } from "./container_kind.ts";
import type { Kind } from "./kind.ts";
import { rawFilterKind } from "./raw_filter_kind.ts";
import { seccompKind } from "./seccomp_kind.ts";
import { stateKind } from "./state_kind.ts";

/** The kinds of inputs, and what share of the cases each gets: those that make containers take a hundred times longer. */
export const KINDS = [
  { name: "config", share: 1, boxed: false },
  { name: "container", share: 0.1, boxed: true },
  { name: "state", share: 1, boxed: true },
  { name: "seccomp", share: 1, boxed: false },
  { name: "filter", share: 1, boxed: false },
  { name: "argv", share: 1, boxed: true },
] as const;

/** The name of a kind. */
export type KindName = (typeof KINDS)[number]["name"];

/** A kind by its name. Those that run the executable need a sandbox around them. */
export async function kindNamed(name: KindName, dir: string): Promise<Kind<unknown>> {
  switch (name) {
    case "config":
      return configKind() as Kind<unknown>;
    case "container":
      return containerKind(new Box(dir)) as Kind<unknown>;
    case "state":
      return stateKind(new Box(dir)) as Kind<unknown>;
    case "seccomp":
      return seccompKind() as Kind<unknown>;
    case "filter":
      return rawFilterKind() as Kind<unknown>;
    case "argv":
      return await argvKind(new Box(dir)) as Kind<unknown>;
  }
}
