/** The mount options that give SELinux a context, and what then has it (mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS"). */
export const MOUNT_CONTEXTS = [
  /** All files, in place of labels of their own. */
  "context",
  /** The file system itself. */
  "fscontext",
  /** Files that have no label. */
  "defcontext",
  /** The root of the file system. */
  "rootcontext",
] as const;
