import { ERRNO } from "syscalls/abi/errno.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import { close, inside, type Lowering, openAt, openInRoot } from "./lowering.ts";

/** What else there is to say of something that may have to be made. */
export interface Ensure {
  /** Becomes 1 when it was made. */
  readonly made?: Slot;
  /** Where to go when a symlink that leads nowhere is in the way; without it, that is a failure. */
  readonly dangling?: Label;
  /** A symlink at the very end of the path is a failure: ENOTDIR. */
  readonly ordinary?: boolean;
}

/**
 * Opens a directory of the container, made with its parents (0755) where missing.
 * Existing parts may be symlinks that stay inside; parts that are made are made by descriptor, so that nobody can
 * swap a link in between (CVE-2024-45310).
 */
export function ensureDirectory(
  low: Lowering,
  path: string,
  into: Slot,
  { made, dangling, ordinary = false }: Ensure = {},
): void {
  const { builder } = low;
  const flags = ["O_DIRECTORY", ...ordinary ? ["O_NOFOLLOW"] as const : []] as const;
  openInRoot(low, path, { into, flags, forgive: [ERRNO.ENOENT] });
  const names = inside(path).split("/").filter((name) => name !== "" && name !== ".");
  if (names.length === 0) return;
  const done = builder.label();
  builder.branch({ when: { kind: "succeeded" }, to: done });
  if (made !== undefined) builder.set(made, builder.immediate(1));
  let parent: Slot | null = null;
  for (let depth = 1; depth < names.length; depth++) {
    const child = builder.slot();
    ensureComponent(low, { parent, child, names: names.slice(0, depth), dangling });
    if (parent !== null) close(low, parent);
    parent = child;
  }
  makeComponent(low, { parent, child: into, name: names.at(-1) ?? ".", dangling });
  if (parent !== null) close(low, parent);
  builder.place(done);
}

/** Opens one part of a path, and makes it in its parent when it is missing. */
function ensureComponent(
  low: Lowering,
  { parent, child, names, dangling }: {
    parent: Slot | null;
    child: Slot;
    names: readonly string[];
    dangling: Label | undefined;
  },
): void {
  const { builder } = low;
  const there = builder.label();
  openInRoot(low, names.join("/"), {
    into: child,
    flags: ["O_DIRECTORY"],
    forgive: [ERRNO.ENOENT],
  });
  builder.branch({ when: { kind: "succeeded" }, to: there });
  makeComponent(low, { parent, child, name: names.at(-1) ?? ".", dangling });
  builder.place(there);
}

/** Makes a directory in an opened one (null: the root), and opens it. Another that makes it first is no failure. */
export function makeComponent(
  low: Lowering,
  { parent, child, name, dangling }: {
    parent: Slot | null;
    child: Slot;
    name: string;
    dangling?: Label | undefined;
  },
): void {
  const { builder } = low;
  const from = builder.value(parent ?? low.root, parent === null ? "root" : "parent");
  builder.call("mkdirat", [from, builder.cString(name), builder.immediate(0o755, "0755")], {
    forgive: [ERRNO.EEXIST],
  });
  // Without O_NOFOLLOW a symlink is ELOOP, and told from a file, which is ENOTDIR.
  openAt(low, {
    from,
    path: name,
    flags: ["O_PATH", "O_DIRECTORY"],
    resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"],
    into: child,
    forgive: dangling === undefined ? [] : [ERRNO.ELOOP],
  });
  if (dangling !== undefined) builder.branch({ when: { kind: "failed" }, to: dangling });
}

/** Opens a file of the container to mount onto; where missing it is made, empty, with its parents. */
export function ensureFile(
  low: Lowering,
  path: string,
  into: Slot,
  { dangling }: Ensure = {},
): void {
  const { builder } = low;
  const done = builder.label();
  openInRoot(low, path, { into, forgive: [ERRNO.ENOENT] });
  builder.branch({ when: { kind: "succeeded" }, to: done });
  const parent = builder.slot();
  ensureDirectory(low, parentOf(path), parent, dangling === undefined ? {} : { dangling });
  openAt(low, {
    from: builder.value(parent, "parent"),
    path: nameOf(path),
    flags: ["O_CREAT", "O_NOFOLLOW"],
    resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"],
    mode: 0o644,
    into,
    forgive: dangling === undefined ? [] : [ERRNO.ELOOP],
  });
  if (dangling !== undefined) builder.branch({ when: { kind: "failed" }, to: dangling });
  close(low, parent);
  builder.place(done);
}

export function parentOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : path.slice(0, at);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
