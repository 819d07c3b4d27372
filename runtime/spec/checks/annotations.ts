import type { Config } from "../config.ts";
import { show } from "../show.ts";
import type { MountContext, ValidSpec } from "../valid.ts";
import { MOUNT_CONTEXTS } from "../words/mount_contexts.ts";
import type { Findings } from "./findings.ts";

const HANDLER = "run.oci.handler";
const PLUGINS = "run.oci.seccomp.plugins";
const FORCE_CGROUP_V1 = "run.oci.systemd.force_cgroup_v1";
const MOUNT_CONTEXT = "run.oci.mount_context_type";

/** Names what containerd's CRI plugin makes: a pod's first container, or one of the others. */
const CONTAINER_TYPE = "io.kubernetes.cri.container-type";

/** The annotations that mean something to crun: what cannot be done is told, never passed over. */
export function checkAnnotations(
  { annotations = {} }: Config,
  { seccomp, rawFilter }: Pick<ValidSpec, "seccomp" | "rawFilter">,
  findings: Findings,
): void {
  if (Object.hasOwn(annotations, "")) {
    findings.problem("/annotations/", "an annotation key must not be empty");
  }
  const { [HANDLER]: handler = "", [PLUGINS]: plugins = "" } = annotations;
  // A pod's first container is an ordinary process, whatever runs the others: crun's exception, too.
  if (handler !== "" && annotations[CONTAINER_TYPE] !== "sandbox") {
    findings.problem(
      `/annotations/${HANDLER}`,
      `handler ${show(handler)} is not available; there is none but Linux, which executes programs`,
    );
  }
  if (plugins !== "") {
    const origin = `/annotations/${PLUGINS}`;
    if (seccomp === null && rawFilter === null) {
      findings.warn(origin, "there is no seccomp filter that they could serve");
    } else {
      findings.problem(
        origin,
        "seccomp plugins are not supported; an agent is, by listenerPath or run.oci.seccomp.receiver",
      );
    }
  }
  const path = annotations[FORCE_CGROUP_V1];
  if (path !== undefined) {
    findings.warn(
      `/annotations/${FORCE_CGROUP_V1}`,
      `is not followed: no version 1 hierarchy is mounted on ${show(path)}`,
    );
  }
}

/** By which option of a mount its file system is told `linux.mountLabel`. */
export function mountContext({ annotations = {} }: Config, findings: Findings): MountContext {
  const word = annotations[MOUNT_CONTEXT] ?? "context";
  const known = MOUNT_CONTEXTS.find((name) => name === word);
  if (known === undefined) {
    const list = MOUNT_CONTEXTS.join(", ");
    findings.problem(`/annotations/${MOUNT_CONTEXT}`, `${show(word)} is none of ${list}`);
  }
  return known ?? "context";
}
