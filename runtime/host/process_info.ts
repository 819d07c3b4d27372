import { buildInfo } from "runtime/base/build_info.ts";
import { HostError } from "runtime/base/errors.ts";
import { type Fd, fd } from "syscalls/abi/brand.ts";
import { decodeText } from "syscalls/abi/text.ts";
import { INFO, INFO_MAGIC, INFO_VARIABLE, INFO_VERSION } from "./info_block.ts";

/** What the caller of this process gave it, whatever the engine made of that since. */
export interface ProcessInfo {
  /** The name the program was called by. */
  readonly argv0: string;
  /** The arguments behind it, exactly (bytes that are no UTF-8 as in syscalls/abi/text.ts). */
  readonly argv: readonly string[];
  /** A variable of the caller's environment. */
  env(name: string): string | undefined;
  /** The caller's environment, `NAME=value` each. */
  environ(): readonly string[];
  /** RLIMIT_NOFILE as the caller had it. */
  readonly nofile: { readonly soft: bigint; readonly hard: bigint };
  /** The caller's signal mask, bit n for signal n + 1; null when it is not known. */
  readonly signalMask: bigint | null;
  /** The signals that the caller ignored, bit n for signal n + 1; null when it is not known. */
  readonly ignoredSignals: bigint | null;
  /** Whether the signals of `BLOCKED_SIGNALS` (info_block.ts) are blocked in every thread. */
  readonly signalsBlocked: boolean;
  /**
   * The caller's working directory. `fd` is an O_PATH descriptor, null when it could not be opened or when the
   * process still is in it; `path` is null when the directory is deleted or out of this root's reach.
   */
  readonly cwd: { readonly fd: Fd | null; readonly path: string | null };
  /** Which of the descriptors 0, 1, 2 the caller had closed: the engine has opened /dev/null there. */
  readonly closedStdio: readonly boolean[];
  /** Address of a C function `(number, six arguments) -> result` for raw system calls; 0 when there is none. */
  readonly rawSyscall: bigint;
}

let known: ProcessInfo | undefined;

/**
 * What the caller gave this process: from the info block of the entry stub, or, where there is none (the sources
 * run as they are), as well as /proc tells it.
 * @throws {HostError} when the block is not of the layout this program knows
 */
export function processInfo(): ProcessInfo {
  return known ??= buildInfo().entryStub ? fromBlock() : fromProc();
}

function fromBlock(): ProcessInfo {
  const block = viewOf(BigInt(Deno.env.get(INFO_VARIABLE) ?? 0));
  const field = (offset: number): bigint => block.getBigUint64(offset);
  if (field(INFO.magic) !== INFO_MAGIC || field(INFO.version) !== INFO_VERSION) {
    throw new HostError("Cannot read info block: it is of another build; hint: build again");
  }
  let words: readonly string[] | undefined;
  const allWords = (): readonly string[] => words ??= strings(field(INFO.argv));
  let variables: readonly string[] | undefined;
  const environ = (): readonly string[] => variables ??= strings(field(INFO.envp));
  const closed = field(INFO.closedStdio);
  return {
    get argv0() {
      return allWords()[0] ?? "";
    },
    get argv() {
      return allWords().slice(1);
    },
    env: (name) => variable(environ(), name),
    environ,
    nofile: { soft: field(INFO.nofileSoft), hard: field(INFO.nofileHard) },
    signalMask: field(INFO.signalMask),
    ignoredSignals: field(INFO.ignoredSignals),
    signalsBlocked: true,
    get cwd() {
      return folderOf(block);
    },
    closedStdio: [0n, 1n, 2n].map((bit) => (closed >> bit & 1n) === 1n),
    rawSyscall: field(INFO.rawSyscall),
  };
}

function folderOf(block: Deno.UnsafePointerView): ProcessInfo["cwd"] {
  const opened = Number(block.getBigInt64(INFO.cwdFd));
  const length = block.getBigInt64(INFO.cwdPathLength);
  const path = length > 0n ? stringAt(block.getBigUint64(INFO.cwdPath)) : "";
  // getcwd(2) says "(unreachable)/..." of a directory outside the root.
  return { fd: opened < 0 ? null : fd(opened), path: path.startsWith("/") ? path : null };
}

/** The strings of a NULL-terminated table of addresses. */
function strings(table: bigint): readonly string[] {
  const view = viewOf(table);
  const found: string[] = [];
  for (let i = 0;; i++) {
    const address = view.getBigUint64(8 * i);
    if (address === 0n) return found;
    found.push(stringAt(address));
  }
}

function stringAt(address: bigint): string {
  const view = viewOf(address);
  const text = view.getCString();
  // The engine puts U+FFFD in place of what is no UTF-8.
  if (!text.includes("\ufffd")) return text;
  let length = 0;
  while (view.getUint8(length) !== 0) length++;
  return decodeText(new Uint8Array(view.getArrayBuffer(length)));
}

function viewOf(address: bigint): Deno.UnsafePointerView {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new HostError(`Cannot read info block: ${INFO_VARIABLE} is not set`);
  return new Deno.UnsafePointerView(pointer);
}

function variable(environ: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  return environ.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
}

/** The engine's own arguments stand before the program's in `/proc/self/cmdline`. */
function fromProc(): ProcessInfo {
  const words = procStrings("cmdline");
  let variables: readonly string[] | undefined;
  const environ = (): readonly string[] => variables ??= procStrings("environ");
  return {
    argv0: words[0] ?? "",
    argv: words.slice(words.length - Deno.args.length),
    env: (name) => variable(environ(), name),
    environ,
    get nofile() {
      return procLimits();
    },
    signalMask: null,
    ignoredSignals: null,
    signalsBlocked: false,
    get cwd() {
      return { fd: null, path: Deno.cwd() };
    },
    closedStdio: [false, false, false],
    rawSyscall: 0n,
  };
}

function procStrings(file: string): readonly string[] {
  return decodeText(Deno.readFileSync(`/proc/self/${file}`)).split("\0").slice(0, -1);
}

function procLimits(): ProcessInfo["nofile"] {
  const text = Deno.readTextFileSync("/proc/self/limits");
  const [, soft = "", hard = ""] = /^Max open files +(\S+) +(\S+)/m.exec(text) ?? [];
  const value = (word: string): bigint => word === "unlimited" ? (1n << 64n) - 1n : BigInt(word);
  return { soft: value(soft), hard: value(hard) };
}
