/** What the kernel calls one kind of namespace. */
export interface NamespaceWord {
  /** The flag of clone(2), unshare(2) and setns(2). */
  readonly clone: `CLONE_NEW${string}`;
  /** The file in `/proc/<pid>/ns`. */
  readonly file: string;
}

/** Config word to kernel names, in alphabetical order. */
export const NAMESPACES = {
  cgroup: { clone: "CLONE_NEWCGROUP", file: "cgroup" },
  ipc: { clone: "CLONE_NEWIPC", file: "ipc" },
  mount: { clone: "CLONE_NEWNS", file: "mnt" },
  network: { clone: "CLONE_NEWNET", file: "net" },
  pid: { clone: "CLONE_NEWPID", file: "pid" },
  time: { clone: "CLONE_NEWTIME", file: "time" },
  user: { clone: "CLONE_NEWUSER", file: "user" },
  uts: { clone: "CLONE_NEWUTS", file: "uts" },
} as const satisfies Readonly<Record<string, NamespaceWord>>;

/** The words of `linux.namespaces[].type`, in alphabetical order. */
export const NAMESPACE_TYPES = [
  "cgroup",
  "ipc",
  "mount",
  "network",
  "pid",
  "time",
  "user",
  "uts",
] as const;
