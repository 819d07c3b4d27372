import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "runtime/spec/words/memory_policy.ts";
import { HOOK_NAMES } from "runtime/spec/words/hooks.ts";
import { knownMountOptions } from "runtime/spec/words/mount_options.ts";
import { NAMESPACE_TYPES } from "runtime/spec/words/namespaces.ts";
import type { Context } from "./context.ts";
import { OCI_VERSION } from "./create.ts";

/** The document "features" of the OCI runtime specification: what this program implements, whatever the host can do. */
export function features({ version }: Context): unknown {
  return {
    ociVersionMin: "1.0.0",
    ociVersionMax: OCI_VERSION,
    hooks: HOOK_NAMES,
    mountOptions: knownMountOptions(),
    linux: {
      namespaces: NAMESPACE_TYPES,
      capabilities: CAPABILITY_NAMES,
      cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: { enabled: false },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      memoryPolicy: {
        modes: Object.keys(MEMORY_POLICY_MODES),
        flags: Object.keys(MEMORY_POLICY_FLAGS),
      },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    annotations: {
      "org.opencontainers.runc.checkpoint.enabled": "false",
      "io.github.ocirt.version": version,
    },
    potentiallyUnsafeConfigAnnotations: ["org.systemd.property.", "run.oci."],
  };
}
