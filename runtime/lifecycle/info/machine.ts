import type { Layout } from "runtime/cgroups/hierarchies.ts";

/** A system call whose presence is asked for, with arguments that it cannot take: nothing is done. */
export type ProbedCall =
  | "open_tree"
  | "move_mount"
  | "fsopen"
  | "mount_setattr"
  | "openat2"
  | "pidfd_open"
  | "pidfd_getfd"
  | "clone3"
  | "close_range"
  | "seccomp"
  | "bpf"
  | "landlock_create_ruleset";

/** Who asks. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** In /etc/passwd; null where there is no such name. */
  readonly name: string | null;
  readonly inUserNamespace: boolean;
  /** Effective capabilities, one bit each. */
  readonly capabilities: bigint;
}

/** What this program is. */
export interface Program {
  readonly name: string;
  readonly version: string;
  readonly commit: string;
  readonly link: string;
  readonly stateRoot: string;
  /** The versions of the specification. */
  readonly oldest: string;
  readonly newest: string;
  /** What of a configuration it refuses whatever the host can do, by the names of `features`. */
  readonly lacks: readonly Lacking[];
}

/** What a version of this program may not be able to do. */
export type Lacking = "seccomp" | "apparmor" | "selinux" | "intelRdt" | "checkpoint";

/** Whether the files of a folder can be given other owners by a mount (MOUNT_ATTR_IDMAP). */
export interface IdMapping {
  readonly folder: string;
  readonly filesystem: string;
  readonly works: boolean;
}

/** The machine as the questions see it. A value in tests; see `this_machine.ts` for the real one. */
export interface Machine {
  readonly program: Program;
  readonly caller: Caller;
  readonly arch: string;
  /** The release as the kernel has it: `6.1.0-28-amd64`. */
  readonly release: string;
  readonly kernel: readonly [major: number, minor: number];
  layout(): Layout;
  /** The text of a file without blanks around it; null where it cannot be read. */
  read(path: string): string | null;
  /** What is in a folder, sorted; nothing where it cannot be listed. */
  names(folder: string): readonly string[];
  exists(path: string): boolean;
  mayWrite(path: string): boolean;
  /** The file of a program in the caller's PATH. */
  find(program: string): string | null;
  /** Whether a program runs with more rights than its caller's: a setuid bit of root's, or capabilities of its own. */
  raisesRights(file: string): boolean;
  /** What a program says when it is asked for its version. */
  versionOf(file: string): string;
  /** Whether somebody listens at a Unix socket. */
  connects(socket: string): boolean;
  /** Whether the kernel knows a system call. */
  knows(call: ProbedCall): boolean;
  /** The flags of seccomp filters that the kernel knows. */
  seccompFlags(): readonly string[];
  variable(name: string): string | undefined;
  /** For each file system that containers are likely to be on. */
  idMappings(): readonly IdMapping[];
}

/** Whether the kernel is at least of a version. */
export function isAtLeast({ kernel: [major, minor] }: Machine, a: number, b: number): boolean {
  return major > a || major === a && minor >= b;
}

/** The lines of a file that have something. */
export function linesOf(machine: Machine, path: string): readonly string[] {
  return (machine.read(path) ?? "").split("\n").filter((line) => line !== "");
}
