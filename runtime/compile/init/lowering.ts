import type { Arch } from "syscalls/abi/arch.ts";
import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { type OpenFlag, openFlags, openHow, RESOLVE } from "syscalls/abi/open.ts";
import type { ProgramSink } from "syscalls/native/sink.ts";
import type { Label, Operand, Slot } from "syscalls/native/program.ts";
import { TAG } from "runtime/plan/protocol.ts";

/** Numbers of the descriptors that the host half leaves open for the program. */
export interface Descriptors {
  /** The child's end of the sync socket. */
  readonly sync: number;
  /** The start fifo, open for reading and writing; null for a program that waits for nobody. */
  readonly gate: number | null;
  /** The outcome fifo, open for writing; null likewise. */
  readonly outcome: number | null;
  /** A pidfd of the process whose namespaces are joined; null when the plan joins none that way. */
  readonly target: number | null;
  /** The mount of the notify socket's folder, attached nowhere; null when there is none. */
  readonly notify: number | null;
  /** Standard input, output and error for the process; null for one that has the runtime's own. */
  readonly stdio: readonly [number, number, number] | null;
  /** The version 2 cgroup to clone the init into; null when the plan has none. */
  readonly cgroup: number | null;
  /** One for each namespace to be joined, in the plan's order. */
  readonly namespaces: readonly number[];
}

/**
 * The directory that the last steps worked in. Steps that follow each other in one directory (device nodes, the mount
 * points of a cgroup tree) share its descriptor instead of walking to it again.
 */
export interface OpenDirectory {
  readonly path: string;
  readonly slot: Slot;
  /** True for a file system that this program has mounted: all that is in it was made by the steps before. */
  readonly fresh: boolean;
}

/** What the lowering of one program shares: the builder, and the slots by which steps pass descriptors on. */
export interface Lowering {
  readonly builder: ProgramSink;
  readonly arch: Arch;
  readonly descriptors: Descriptors;
  /** The first of the numbers of `HELD`. */
  readonly firstHeld: number;
  /** The container's root directory; valid before and after the pivot. */
  readonly root: Slot;
  /** Where a 16-byte-or-less answer of the host half is read to. */
  readonly reply: Slot;
  /** The host's procfs, once a step kept it. */
  readonly hostProc: Slot;
  /** A mount of the host's /dev/null, once a step kept it; 1 in `nullAttached` once it covers the first file. */
  readonly hostNull: Slot;
  readonly nullAttached: Slot;
  /** The shared tmpfs over masked directories, once it is made; 1 in `maskAttached` once it covers the first one. */
  readonly maskTmpfs: Slot;
  maskMade: boolean;
  readonly maskAttached: Slot;
  /** 1 once the working directory has been entered. */
  readonly entered: Slot;
  /** Address of the path to execute. */
  readonly executable: Slot;
  /** The process's end of its terminal, once a step made it. */
  readonly terminal: Slot;
  /** The directory that the last steps worked in; null when there is none to share. */
  open: OpenDirectory | null;
  /** Descriptors that were left to the great closing (`closeOpened`), and whether it has been: then each is closed at once. */
  keptOpen: number;
  closing: boolean;
  /** `open_how` structs by what they say: most opens are alike. */
  readonly hows: Map<string, Operand>;
  /** Mounts that were cloned before they are attached, by the origin of both steps. */
  readonly sources: Map<string, Slot>;
  /** For each joined namespace by descriptor: 0 once joined, a negative errno when refused. */
  readonly joined: Map<number, Slot>;
}

export function newLowering(
  builder: ProgramSink,
  arch: Arch,
  descriptors: Descriptors,
  firstHeld: number,
): Lowering {
  const slot = (): Slot => builder.slot();
  return {
    builder,
    arch,
    descriptors,
    firstHeld,
    root: slot(),
    reply: slot(),
    hostProc: slot(),
    hostNull: slot(),
    nullAttached: slot(),
    maskTmpfs: slot(),
    maskMade: false,
    maskAttached: slot(),
    entered: slot(),
    executable: slot(),
    terminal: slot(),
    open: null,
    keptOpen: 0,
    closing: false,
    hows: new Map(),
    sources: new Map(),
    joined: new Map(),
  };
}

/** A descriptor of the host half's that a step needs. */
export function hostFd(low: Lowering, name: "gate" | "outcome" | "target" | "notify"): number {
  const number = low.descriptors[name];
  if (number === null) throw new RangeError(`Cannot compile step: there is no descriptor ${name}`);
  return number;
}

/** AT_FDCWD as an operand. */
export function cwd({ builder }: Lowering): Operand {
  return builder.immediate(AT_FDCWD, "AT_FDCWD");
}

type ResolveName = keyof typeof RESOLVE.values;

export interface OpenAt {
  /** The directory to start from. */
  readonly from: Operand;
  readonly path: string;
  readonly flags: readonly OpenFlag[];
  readonly resolve: readonly ResolveName[];
  readonly mode?: number;
  readonly into: Slot;
  readonly forgive?: readonly number[];
}

/** openat2(2): the only way in which paths below the container's root are opened. O_CLOEXEC always. */
export function openAt(
  low: Lowering,
  { from, path, flags, resolve, mode = 0, into, forgive }: OpenAt,
): void {
  const { builder } = low;
  builder.call("openat2", [
    from,
    builder.cString(path),
    how(low, flags, resolve, mode),
    builder.immediate(openHow.size),
  ], { into, forgive: forgive ?? [] });
}

function how(
  low: Lowering,
  flags: readonly OpenFlag[],
  resolve: readonly ResolveName[],
  mode: number,
): Operand {
  const key = `${flags.join()} ${resolve.join()} ${mode}`;
  const known = low.hows.get(key);
  if (known !== undefined) return known;
  const family = openFlags(low.arch);
  const value = family.of(...flags, "O_CLOEXEC");
  const resolved = RESOLVE.of(...resolve);
  const shownMode = mode === 0 ? "" : `, mode: 0${mode.toString(8)}`;
  const operand = low.builder.bytes(
    openHow.encode({ flags: value, mode: BigInt(mode), resolve: resolved }),
    () => `{flags: ${family.text(value)}${shownMode}, resolve: ${RESOLVE.text(resolved)}}`,
  );
  low.hows.set(key, operand);
  return operand;
}

/** A path of the container as openat2 wants it: relative to the root. */
export function inside(path: string): string {
  const relative = path.replace(/^\/+/, "");
  return relative === "" ? "." : relative;
}

/** Opens what lies at a path of the container, as a place to mount onto or to start from. */
export function openInRoot(
  low: Lowering,
  path: string,
  options: { into: Slot; flags?: readonly OpenFlag[]; forgive?: readonly number[] },
): void {
  openAt(low, {
    from: low.builder.value(low.root, "root"),
    path: inside(path),
    flags: ["O_PATH", ...options.flags ?? []],
    // That the first implies the second may change (openat2(2)).
    resolve: ["RESOLVE_IN_ROOT", "RESOLVE_NO_MAGICLINKS"],
    into: options.into,
    forgive: options.forgive ?? [],
  });
}

/** Goes to `to` when what is opened is no directory. */
export function branchUnlessDirectory(low: Lowering, opened: Operand, to: Label): void {
  const { builder } = low;
  const probe = builder.slot();
  openAt(low, {
    from: opened,
    path: ".",
    flags: ["O_PATH", "O_DIRECTORY"],
    resolve: [],
    into: probe,
    forgive: [ERRNO.ENOTDIR, ERRNO.EACCES],
  });
  builder.branch({ when: { kind: "errno", errno: ERRNO.ENOTDIR }, to });
  const hidden = builder.label();
  // A directory that this process may not search.
  builder.branch({ when: { kind: "failed" }, to: hidden });
  close(low, probe);
  builder.place(hidden);
}

/** Tells the host half when the last call, whose result is also in the slot, has failed: it becomes a warning. */
export function warnOfFailure({ builder }: Lowering, result: Slot): void {
  const succeeded = builder.label();
  builder.branch({ when: { kind: "succeeded" }, to: succeeded });
  builder.report({ tag: TAG.warning, value: builder.value(result, "errno") });
  builder.place(succeeded);
}

/** How many descriptors may stay open while the root is built: few enough for the smallest limit in use, 256. */
const KEPT_OPEN = 100;

/**
 * Closes a descriptor that only a few steps needed. All of them are closed together in the end, so the first ones
 * are left to that: a call saved in nearly every step of nearly every container.
 */
export function close(low: Lowering, slot: Slot): void {
  if (!low.closing && low.keptOpen < KEPT_OPEN) low.keptOpen++;
  else low.builder.call("close", [low.builder.value(slot)]);
}
