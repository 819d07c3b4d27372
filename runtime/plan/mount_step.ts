import type { IdMapping, MountAttrName, MountFlagName, Propagation } from "runtime/spec/valid.ts";

/** What makes the container's tree of mounts. Paths are as in the steps for files. */
export type MountStep =
  /** Other attributes for what is mounted at a place already. */
  | {
    readonly kind: "changeMount";
    readonly destination: string;
    readonly attributes: RecursiveAttributes;
    readonly recursive: RecursiveAttributes;
    readonly propagation: readonly Propagation[];
    /** True where a user namespace may have locked flags of it (mount_namespaces(7)). */
    readonly flagsMayBeLocked: boolean;
  }
  /** Attaches a mount that the host half made. */
  | { readonly kind: "attachMount"; readonly fd: "notify"; readonly destination: string }
  /** A file system of its own through fsopen(2): every option a parameter. */
  | {
    readonly kind: "mountFilesystem";
    readonly type: string;
    readonly source: string;
    readonly destination: string;
    readonly attributes: readonly MountAttrName[];
    /** `key`, or `key=value`. */
    readonly parameters: readonly string[];
    readonly recursive: RecursiveAttributes;
    readonly propagation: readonly Propagation[];
    /** The mount point must be a directory and no symlink (proc, sysfs). */
    readonly ordinaryDirectory: boolean;
    /** The new root directory gets the mode of the directory that it covers, if that one was there before. */
    readonly inheritMode: boolean;
    /** SELinux context for its root directory, where it takes none as a parameter; "" for none. */
    readonly relabel: string;
    /** What of the host is shown where the kernel refuses a new one to who owns no such namespace; null: that is a failure. */
    readonly orHosts: string | null;
    /** It begins with a copy of what it covers (`tmpcopyup`). */
    readonly copyUp: boolean;
  }
  /** mount(2) as it always was, onto the opened mount point: for what the descriptor calls cannot say. */
  | {
    readonly kind: "mountClassic";
    readonly type: string;
    readonly source: string;
    readonly destination: string;
    readonly flags: readonly MountFlagName[];
    readonly remount: boolean;
    readonly data: string;
    readonly recursive: RecursiveAttributes;
    readonly propagation: readonly Propagation[];
  }
  | {
    readonly kind: "mountBind";
    readonly source: string;
    readonly destination: string;
    readonly deep: boolean;
    readonly sourceNofollow: boolean;
    /** What an `openSource` of the same origin has cloned is taken, and no path looked up: it would be another one here. */
    readonly takesOpened: boolean;
    /** A symlink at the destination is itself covered, not what it leads to. */
    readonly destinationNofollow: boolean;
    /** Null: the source's own attributes stay. Else these are set, and the rest cleared as far as the kernel allows. */
    readonly attributes: {
      readonly set: readonly MountAttrName[];
      readonly clear: readonly MountAttrName[];
    } | null;
    readonly recursive: RecursiveAttributes;
    readonly propagation: readonly Propagation[];
    /** A bind onto `/proc` must come from the root of a procfs. */
    readonly mustBeProc: boolean;
    /** True where the runtime knows the source for a directory. */
    readonly sourceIsDirectory: boolean;
    /** True where a user namespace may have locked flags of the source (mount_namespaces(7)). */
    readonly flagsMayBeLocked: boolean;
    /** Null: files have the owners that they have on the host. */
    readonly idmap: Idmap | null;
  };

/** Which owners the files of a mount have; both lists are empty where those of the container's user namespace are meant. */
export interface Idmap {
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
  /** Whether what is mounted below is mapped too. */
  readonly deep: boolean;
}

export interface RecursiveAttributes {
  readonly set: readonly MountAttrName[];
  readonly clear: readonly MountAttrName[];
}
