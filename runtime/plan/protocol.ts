/**
 * What the init program and the host half say to each other over the sync socket (create) and the outcome fifo (start).
 *
 * From the child come 16-byte reports (`syscalls/native/report.ts`), tagged with the numbers below; `TAG_FAILED` (1)
 * belongs to the report format itself. The host half answers each `ask` and `listener` with {@link REPLY_SIZE} bytes, or closes the
 * socket: then the child ends without a word.
 */
export const TAG = {
  /** The container's init exists; the value is its pid as the host sees it. No answer: the init waits by an `ask`. */
  initPid: 2,
  /** The child waits for the host half to do something; the value is a {@link DUTY}. */
  ask: 3,
  /** A forgiven failure worth a warning; the value is the negative errno. No answer. */
  warning: 4,
  /** Everything is done but `execve`: the container is created. No answer. */
  ready: 5,
  /** The filter's listener, as the number that its descriptor has with the child, to be taken from it. Answered when the host half has it. */
  listener: 6,
} as const;

/** What the child can ask for. */
export const DUTY = {
  /** Write uid_map and gid_map of the asking process. */
  idMaps: 1,
  /** Enter the init into its cgroups, and whatever else has to be done from outside before it builds its root. */
  place: 2,
  /** Set the resource limits from outside: in a user namespace the init may not raise them. */
  limits: 3,
  /**
   * Copy what is in the first directory that is sent into the second: a tmpfs that is about to cover it.
   */
  copyUp: 4,
  /** Take the master of the process's terminal, which is sent. */
  terminal: 5,
  /**
   * Make the directory that the mount point of the asking step leads to, by symlinks that lead nowhere, in the root
   * that is sent.
   */
  placeDirectory: 6,
  /** The same with an empty file. */
  placeFile: 7,
  /** Give the file system that is being made, the first that is sent, the mode of the directory, the second. */
  inheritMode: 8,
  /** Run the hooks of `create`: the container's mounts are made, and its root is not yet switched. */
  hooks: 9,
  /** Map the ids of the mount that is sent, as its step says. */
  idmap: 10,
  /** Take the filter's listener, which is sent, by a thread that the filter is not for. */
  listener: 11,
  /** Move the init into the cgroup that is delegated to it: its cgroup namespace is made, and begins above that. */
  delegate: 12,
} as const;

/**
 * What the program holds at numbers that are known when it is compiled, one behind the other: to be sent, or to be found as
 * `/proc/self/fd/N`. They are above all that it opens, and none of them is a number that it was started with.
 */
export const HELD = [
  /** What a mount is changed on. */
  "mountPoint",
  /** The two directories of a `copyUp`. */
  "copyFrom",
  "copyTo",
  /** The master of the process's terminal, until the host half has it. */
  "terminalMaster",
  /** The container's root, for `placeDirectory` and `placeFile`. */
  "root",
  /** A file system that is being made, and the directory that it will cover. */
  "filesystem",
  "covered",
  /** A mount, attached nowhere yet, whose ids the host half maps. */
  "idmapTree",
] as const;

export type Held = typeof HELD[number];

/** Where a thread holds the listener that it sends: in a table of descriptors of its own, for any number may be above the limit. */
export const LISTENER = 0;

/**
 * What the child sends along with a question, in this order, by a message of its own (unix(7), SCM_RIGHTS): an ordinary user may
 * take nothing out of a process that hides from a container.
 */
export const SENT_WITH: Readonly<Partial<Record<Duty, readonly (Held | "listener")[]>>> = {
  copyUp: ["copyFrom", "copyTo"],
  terminal: ["terminalMaster"],
  placeDirectory: ["root"],
  placeFile: ["root"],
  inheritMode: ["filesystem", "covered"],
  idmap: ["idmapTree"],
  listener: ["listener"],
};

/**
 * How many descriptors a program may come to use beside those that its process keeps: the standard streams, what it was started
 * with, what it opens, and what it holds. Far below the smallest limit in use (256).
 */
export const OWN_DESCRIPTORS = 144;

export type Duty = keyof typeof DUTY;

/** Size in bytes of the host half's answer; its content is 8 zero bytes. */
export const REPLY_SIZE = 8;

/** A message of the child, decoded. */
export type FromChild =
  | { readonly type: "failed"; readonly step: number; readonly errno: number }
  | { readonly type: "initPid"; readonly pid: number }
  | { readonly type: "ask"; readonly duty: Duty; readonly step: number }
  | { readonly type: "warning"; readonly step: number; readonly errno: number }
  | { readonly type: "ready" }
  | { readonly type: "listener"; readonly step: number; readonly descriptor: number };

/** @throws {RangeError} when the tag or duty is none of the tables above: the two halves are not of one build */
export function decodeFromChild(
  report: { readonly tag: number; readonly step: number; readonly value: bigint },
  failedTag: number,
): FromChild {
  const { tag, step, value } = report;
  switch (tag) {
    case failedTag:
      return { type: "failed", step, errno: Number(value) };
    case TAG.initPid:
      return { type: "initPid", pid: Number(value) };
    case TAG.warning:
      return { type: "warning", step, errno: -Number(value) };
    case TAG.ready:
      return { type: "ready" };
    case TAG.listener:
      return { type: "listener", step, descriptor: Number(value) };
    case TAG.ask: {
      const number = Number(value);
      for (const name in DUTY) {
        const duty = name as Duty;
        if (DUTY[duty] === number) return { type: "ask", duty, step };
      }
    }
  }
  throw new RangeError(`Cannot understand the init program: report ${tag} with value ${value}`);
}
