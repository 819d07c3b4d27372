import { StateError } from "runtime/base/errors.ts";
import type { Status } from "./status.ts";

/** A command that does not suit every status. */
export type Verb = "start" | "kill" | "pause" | "resume" | "delete" | "update" | "checkpoint";

type Refusal = (id: string, status: Status) => string;

const NOT_RUNNING: Refusal = () => "container not running";
const NOT_PAUSED: Refusal = () => "container not paused";
const NOT_STARTABLE: Refusal = (_id, status) => `cannot start a container in the ${status} state`;
const NOT_CHECKPOINTED: Refusal = (_id, status) =>
  `Container cannot be checkpointed in ${status} state`;
const NOT_STOPPED: Refusal = (id, status) =>
  `cannot delete container ${id} that is not stopped: ${status}`;

// In runc's words: containerd, Docker and their like look for them. What is not in the table is allowed.
const REFUSALS: Readonly<Record<Verb, Readonly<Partial<Record<Status, Refusal>>>>> = {
  start: {
    creating: NOT_STARTABLE,
    running: () => "cannot start an already running container",
    paused: NOT_STARTABLE,
    stopped: () => "cannot start a container that has stopped",
  },
  kill: { stopped: NOT_RUNNING },
  update: { creating: NOT_RUNNING, stopped: NOT_RUNNING },
  pause: { creating: NOT_RUNNING, paused: NOT_RUNNING, stopped: NOT_RUNNING },
  resume: {
    creating: NOT_PAUSED,
    created: NOT_PAUSED,
    running: NOT_PAUSED,
    stopped: NOT_PAUSED,
  },
  checkpoint: {
    creating: NOT_CHECKPOINTED,
    created: NOT_CHECKPOINTED,
    stopped: NOT_CHECKPOINTED,
  },
  delete: { creating: NOT_STOPPED, running: NOT_STOPPED, paused: NOT_STOPPED },
};

/**
 * Checks that a command may be done to a container in this status (`delete` without `--force`).
 * @throws {StateError} in runc's words when it may not
 */
export function assertAllowed(verb: Verb, id: string, status: Status): void {
  const refusal = REFUSALS[verb][status];
  if (refusal !== undefined) throw new StateError(refusal(id, status));
}
