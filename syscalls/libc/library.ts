import type { Arch } from "syscalls/abi/arch.ts";

/** Addresses and numbers go in as 64-bit words; a `bigint` is needed only above 2^53. */
export type Word = number | bigint;

/**
 * The first word of a call, as 8 bytes. Declared to the engine as a struct of one 64-bit integer, which both ABIs pass
 * like that integer: a signature with a struct is called through libffi, and opening the library then
 * does not start the engine's code generator, which costs more than a command's calls together.
 */
export type WordBytes = Uint8Array<ArrayBuffer>;

/** The C functions that the host half uses. */
export interface Libc {
  /** syscall(2): the call's number, then six words. -1 when it failed: {@link lastErrno} tells why. */
  syscall(number: WordBytes, ...words: [Word, Word, Word, Word, Word, Word]): number;
  /** posix_spawn(3), with addresses: pid_t *, path, file actions, attributes, argv, envp. 0 or an errno. */
  posix_spawn(pid: WordBytes, ...addresses: [Word, Word, Word, Word, Word]): number;
}

const WORD = { struct: ["i64"] } as const;

// Bound together: a second dlopen costs five times what a further symbol of the first one does.
const SYMBOLS = {
  syscall: { parameters: [WORD, "i64", "i64", "i64", "i64", "i64", "i64"], result: "i32" },
  posix_spawn: { parameters: [WORD, "i64", "i64", "i64", "i64", "i64"], result: "i32" },
  __errno_location: { parameters: [], result: WORD },
} as const;

interface Opened {
  readonly libc: Libc;
  readonly errno: Deno.UnsafePointerView;
}

let opened: Opened | undefined;

function library(): Opened {
  return opened ??= open();
}

function open(): Opened {
  const { symbols } = Deno.dlopen("libc.so.6", SYMBOLS);
  const address = new DataView(symbols.__errno_location().buffer).getBigUint64(0, true);
  const location = Deno.UnsafePointer.create(address);
  if (location === null) throw new Error("Cannot find errno: libc gave a null address");
  // The engine runs JavaScript on one thread from start to end, so errno stays where it is.
  return { libc: symbols as unknown as Libc, errno: new Deno.UnsafePointerView(location) };
}

/** Whether anything has asked for libc yet. */
export function isOpen(): boolean {
  return opened !== undefined;
}

/** libc, opened when first asked for. */
export function libc(): Libc {
  return library().libc;
}

/** errno of this thread. Means something only right after a call that failed. */
export function lastErrno(): number {
  return library().errno.getInt32();
}

/** A word as {@link WordBytes}. */
export function wordBytes(word: Word): WordBytes {
  return new Uint8Array(new BigInt64Array([BigInt(word)]).buffer);
}

/** The machine that this process runs on. */
export function hostArch(): Arch {
  return Deno.build.arch;
}
