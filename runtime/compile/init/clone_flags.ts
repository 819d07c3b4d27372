import type { NamespaceType } from "runtime/spec/valid.ts";

/** The flag of clone(2), unshare(2) and setns(2) for each type of namespace. */
export const CLONE_FLAG_OF = {
  cgroup: "CLONE_NEWCGROUP",
  ipc: "CLONE_NEWIPC",
  mount: "CLONE_NEWNS",
  network: "CLONE_NEWNET",
  pid: "CLONE_NEWPID",
  time: "CLONE_NEWTIME",
  user: "CLONE_NEWUSER",
  uts: "CLONE_NEWUTS",
} as const satisfies Readonly<Record<NamespaceType, string>>;
