/** Mount propagation, for `linux.rootfsPropagation` and as mount options. `r...` means everything below too (MS_REC). */
export const PROPAGATIONS = [
  "private",
  "rprivate",
  "rshared",
  "rslave",
  "runbindable",
  "shared",
  "slave",
  "unbindable",
] as const;
