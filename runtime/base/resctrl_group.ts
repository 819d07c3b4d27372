/**
 * Where a container's processes are in the kernel's resource control (filesystems/resctrl.rst): caches and memory bandwidth are
 * shared out among classes.
 */
export interface ResctrlGroup {
  /** Absolute folder of the class. */
  readonly directory: string;
  /** Absolute folder of the group that counts for this container alone; "" without one. */
  readonly monitoring: string;
  /** Those folders that go with the container, parents before children. */
  readonly created: readonly string[];
}
