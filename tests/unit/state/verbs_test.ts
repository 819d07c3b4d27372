import { assertEquals } from "@std/assert";
import { StateError } from "runtime/base/errors.ts";
import type { Status } from "runtime/state/status.ts";
import { assertAllowed, type Verb } from "runtime/state/verbs.ts";

const STATUSES: readonly Status[] = ["creating", "created", "running", "paused", "stopped"];

function refusal(verb: Verb, status: Status): string | null {
  try {
    assertAllowed(verb, "c1", status);
    return null;
  } catch (cause) {
    if (cause instanceof StateError) return cause.message;
    throw cause;
  }
}

function refusals(verb: Verb): (string | null)[] {
  return STATUSES.map((status) => refusal(verb, status));
}

Deno.test("only a created container can be started, and each other status has runc's words", () => {
  assertEquals(refusals("start"), [
    "cannot start a container in the creating state",
    null,
    "cannot start an already running container",
    "cannot start a container in the paused state",
    "cannot start a container that has stopped",
  ]);
});

Deno.test("kill refuses a stopped container with the words that containerd and Docker match", () => {
  assertEquals(refusals("kill"), [null, null, null, null, "container not running"]);
});

Deno.test("delete takes created and stopped containers and names id and status of others", () => {
  assertEquals(refusals("delete"), [
    "cannot delete container c1 that is not stopped: creating",
    null,
    "cannot delete container c1 that is not stopped: running",
    "cannot delete container c1 that is not stopped: paused",
    null,
  ]);
});

Deno.test("pause takes created and running containers, resume takes paused ones", () => {
  const not = "container not running";
  assertEquals(refusals("pause"), [not, null, null, not, not]);
  const unpaused = "container not paused";
  assertEquals(refusals("resume"), [unpaused, unpaused, unpaused, null, unpaused]);
});
