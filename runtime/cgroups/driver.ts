import type { Pid } from "syscalls/abi/brand.ts";

/** The control groups of a container that exists. */
export interface ContainerCgroup {
  /** The container's folders, one a tree. */
  readonly directories: readonly string[];
  /** Moves a process in, in every tree. */
  join(pid: Pid): void;
  /** The processes in the container's folders and everything below, each once. */
  pids(): Pid[];
  /**
   * Removes what was made for the container, with the cgroups that it made inside; parents that others use by now stay.
   * @throws {StateError} naming the processes that are still inside after about a second
   */
  remove(): void;
}

/** The control groups of a container that is being made, whatever manages them. */
export interface CgroupDriver extends ContainerCgroup {
  /** The folders that were made so far, parents before children; what `remove` takes away. */
  readonly created: readonly string[];
  /** The folders that `create` would make now, so that they can be on record before they exist. */
  missing(): readonly string[];
  /**
   * Makes the folders that are missing; all or none.
   * @throws {StateError} when the cgroup has processes or is frozen, in runc's words
   * @throws {HostError} when a folder cannot be made
   */
  create(): void;
  /** The file that tells whether the container is frozen: version 1's where a tree has the freezer; "" without one. */
  readonly freezer: string;
  /** How a process with one thread joins by itself, which spares it the kernel's global lock (10-20 ms on an idle machine). */
  readonly selfJoin: SelfJoin;
}

/** Two ways into a cgroup that do not wait for the other threads of the machine. */
export interface SelfJoin {
  /** Version 1 `tasks` files: the process writes `0` to each. */
  readonly tasks: readonly string[];
  /** The version 2 folder, whose descriptor clone3(2) takes (CLONE_INTO_CGROUP, Linux 5.7); null without version 2. */
  readonly unified: string | null;
}
