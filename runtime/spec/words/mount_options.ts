import type { MountAttrName, MountFlagName } from "../valid.ts";

/** What one mount option does. */
export type MountOption =
  | { readonly kind: "nothing" }
  | { readonly kind: "set" | "clear"; readonly flag: MountFlagName }
  | { readonly kind: "bind"; readonly reach: "single" | "recursive" }
  | { readonly kind: "remount" }
  | { readonly kind: "propagation" }
  | { readonly kind: "setBelow" | "clearBelow"; readonly attr: MountAttrName }
  | { readonly kind: "tmpcopyup" }
  | { readonly kind: "idmap"; readonly reach: "single" | "recursive" }
  | { readonly kind: "copySymlink" | "sourceNofollow" | "destinationNofollow" };

// "acl" has no place here: MS_POSIXACL is internal to the kernel, file systems take "acl" as data.
const OPTIONS: Readonly<Record<string, MountOption>> = {
  async: { kind: "clear", flag: "MS_SYNCHRONOUS" },
  atime: { kind: "clear", flag: "MS_NOATIME" },
  bind: { kind: "bind", reach: "single" },
  defaults: { kind: "nothing" },
  dev: { kind: "clear", flag: "MS_NODEV" },
  diratime: { kind: "clear", flag: "MS_NODIRATIME" },
  dirsync: { kind: "set", flag: "MS_DIRSYNC" },
  exec: { kind: "clear", flag: "MS_NOEXEC" },
  iversion: { kind: "set", flag: "MS_I_VERSION" },
  lazytime: { kind: "set", flag: "MS_LAZYTIME" },
  loud: { kind: "clear", flag: "MS_SILENT" },
  mand: { kind: "set", flag: "MS_MANDLOCK" },
  noatime: { kind: "set", flag: "MS_NOATIME" },
  nodev: { kind: "set", flag: "MS_NODEV" },
  nodiratime: { kind: "set", flag: "MS_NODIRATIME" },
  noexec: { kind: "set", flag: "MS_NOEXEC" },
  noiversion: { kind: "clear", flag: "MS_I_VERSION" },
  nolazytime: { kind: "clear", flag: "MS_LAZYTIME" },
  nomand: { kind: "clear", flag: "MS_MANDLOCK" },
  norelatime: { kind: "clear", flag: "MS_RELATIME" },
  nostrictatime: { kind: "clear", flag: "MS_STRICTATIME" },
  nosuid: { kind: "set", flag: "MS_NOSUID" },
  nosymfollow: { kind: "set", flag: "MS_NOSYMFOLLOW" },
  private: { kind: "propagation" },
  ratime: { kind: "clearBelow", attr: "MOUNT_ATTR_NOATIME" },
  rbind: { kind: "bind", reach: "recursive" },
  rdev: { kind: "clearBelow", attr: "MOUNT_ATTR_NODEV" },
  rdiratime: { kind: "clearBelow", attr: "MOUNT_ATTR_NODIRATIME" },
  relatime: { kind: "set", flag: "MS_RELATIME" },
  remount: { kind: "remount" },
  rexec: { kind: "clearBelow", attr: "MOUNT_ATTR_NOEXEC" },
  rnoatime: { kind: "setBelow", attr: "MOUNT_ATTR_NOATIME" },
  rnodev: { kind: "setBelow", attr: "MOUNT_ATTR_NODEV" },
  rnodiratime: { kind: "setBelow", attr: "MOUNT_ATTR_NODIRATIME" },
  rnoexec: { kind: "setBelow", attr: "MOUNT_ATTR_NOEXEC" },
  rnorelatime: { kind: "clearBelow", attr: "MOUNT_ATTR_RELATIME" },
  rnostrictatime: { kind: "clearBelow", attr: "MOUNT_ATTR_STRICTATIME" },
  rnosuid: { kind: "setBelow", attr: "MOUNT_ATTR_NOSUID" },
  rnosymfollow: { kind: "setBelow", attr: "MOUNT_ATTR_NOSYMFOLLOW" },
  ro: { kind: "set", flag: "MS_RDONLY" },
  rprivate: { kind: "propagation" },
  rrelatime: { kind: "setBelow", attr: "MOUNT_ATTR_RELATIME" },
  rro: { kind: "setBelow", attr: "MOUNT_ATTR_RDONLY" },
  rrw: { kind: "clearBelow", attr: "MOUNT_ATTR_RDONLY" },
  rshared: { kind: "propagation" },
  rslave: { kind: "propagation" },
  rstrictatime: { kind: "setBelow", attr: "MOUNT_ATTR_STRICTATIME" },
  rsuid: { kind: "clearBelow", attr: "MOUNT_ATTR_NOSUID" },
  rsymfollow: { kind: "clearBelow", attr: "MOUNT_ATTR_NOSYMFOLLOW" },
  runbindable: { kind: "propagation" },
  rw: { kind: "clear", flag: "MS_RDONLY" },
  shared: { kind: "propagation" },
  silent: { kind: "set", flag: "MS_SILENT" },
  slave: { kind: "propagation" },
  strictatime: { kind: "set", flag: "MS_STRICTATIME" },
  suid: { kind: "clear", flag: "MS_NOSUID" },
  symfollow: { kind: "clear", flag: "MS_NOSYMFOLLOW" },
  sync: { kind: "set", flag: "MS_SYNCHRONOUS" },
  tmpcopyup: { kind: "tmpcopyup" },
  unbindable: { kind: "propagation" },
};

// Accepted, but not in the list that `features` prints: callers compare that list with runc's.
const UNLISTED: Readonly<Record<string, MountOption>> = {
  "copy-symlink": { kind: "copySymlink" },
  "dest-nofollow": { kind: "destinationNofollow" },
  idmap: { kind: "idmap", reach: "single" },
  ridmap: { kind: "idmap", reach: "recursive" },
  "src-nofollow": { kind: "sourceNofollow" },
};

/** The meaning of a mount option; undefined for a word that goes to the file system as data. */
export function mountOption(word: string): MountOption | undefined {
  if (Object.hasOwn(OPTIONS, word)) return OPTIONS[word];
  return Object.hasOwn(UNLISTED, word) ? UNLISTED[word] : undefined;
}

/** The option words that `features` lists, in alphabetical order, as runc prints them. */
export function knownMountOptions(): readonly string[] {
  return Object.keys(OPTIONS);
}
