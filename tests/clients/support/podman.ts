import { IMAGE_NAME } from "./image.ts";
import { type Machine, RUNTIME } from "./machine.ts";

/**
 * Tells Podman and buildah about the runtime, and that images need no signatures. Hard limits are not raised: that takes a right
 * which the machine that tests run on may lack.
 */
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
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "ocirt"
runtime_supports_json = ["ocirt"]
runtime_supports_nocgroup = ["ocirt"]
env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
[engine.runtimes]
ocirt = ["${RUNTIME}"]
.`);
}
