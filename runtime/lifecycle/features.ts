import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import { SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import { takesFilterFlags } from "syscalls/libc/seccomp.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "runtime/spec/words/memory_policy.ts";
import { HOOK_NAMES } from "runtime/spec/words/hooks.ts";
import { knownMountOptions } from "runtime/spec/words/mount_options.ts";
import { NAMESPACE_TYPES } from "runtime/spec/words/namespaces.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHS,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "runtime/spec/words/seccomp.ts";
import type { Context } from "./context.ts";
import { OCI_VERSION } from "./create.ts";

/**
 * Annotations, and beginnings of their names, that change what is done. `bundle` means nothing here, but callers that take
 * configurations from strangers filter by this list, and such a bundle may be handed to runc the next day.
 */
const UNSAFE_ANNOTATIONS = ["bundle", "org.systemd.property.", "org.criu.config", "run.oci."];

/**
 * The document "features" of the OCI runtime specification: what this program implements, whatever the host can do. The flags of
 * seccomp filters that the host's kernel knows are an exception of the specification's.
 */
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
      seccomp: seccompFeatures(),
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
      "org.opencontainers.runc.checkpoint.enabled": "true",
      "io.github.ocirt.version": version,
    },
    potentiallyUnsafeConfigAnnotations: UNSAFE_ANNOTATIONS,
  };
}

function seccompFeatures(): unknown {
  return {
    enabled: true,
    actions: SECCOMP_ACTIONS,
    operators: SECCOMP_OPERATORS,
    archs: SECCOMP_ARCHS,
    knownFlags: SECCOMP_FLAGS,
    supportedFlags: SECCOMP_FLAGS.filter((flag) => takesFilterFlags(flagsWith(flag))),
  };
}

/** What is about the answers of an agent is taken only together with one. */
function flagsWith(flag: typeof SECCOMP_FLAGS[number]): bigint {
  return flag === "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
    ? SECCOMP_FILTER_FLAG.of(flag, "SECCOMP_FILTER_FLAG_NEW_LISTENER")
    : SECCOMP_FILTER_FLAG.of(flag);
}
