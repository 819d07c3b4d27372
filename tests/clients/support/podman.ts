import { IMAGE_NAME } from "./image.ts";
import { type Machine, RUNTIME } from "./machine.ts";

/** Tells Podman and buildah about the runtime, and that images need no signatures. */
export function configurePodman(machine: Machine): void {
  machine.sh(`mkdir -p /etc/containers
cat >/etc/containers/policy.json <<'.'
{"default":[{"type":"insecureAcceptAnything"}]}
.
cat >/etc/containers/registries.conf <<'.'
[aliases]
box = "${IMAGE_NAME.replace(/:.*/, "")}"
.
cat >/etc/containers/containers.conf <<'.'
[containers]
seccomp_profile = "unconfined"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "ocirt"
env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
[engine.runtimes]
ocirt = ["${RUNTIME}"]
.`);
}
