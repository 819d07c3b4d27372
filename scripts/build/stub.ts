import {
  BLOCKED_SIGNALS,
  INFO,
  INFO_MAGIC,
  INFO_VARIABLE,
  INFO_VERSION,
} from "runtime/host/info_block.ts";
import type { Arch } from "syscalls/abi/arch.ts";
import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { F } from "syscalls/abi/fcntl.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { RLIMIT } from "syscalls/abi/process.ts";
import { SIG_HANDLER, SIG_HOW } from "syscalls/abi/signal.ts";
import type { CodeLabel } from "syscalls/native/code_buffer.ts";
import { mountCache } from "./stub_cache.ts";
import {
  emitText,
  FOLDER_AT,
  noteConstant,
  PATH_AT,
  SCRATCH_AT,
  VARIABLE_AT,
} from "./stub_memory.ts";
import { stubMachineAarch64 } from "./stub_aarch64.ts";
import type { StubMachine } from "./stub_machine.ts";
import { stubMachineX8664 } from "./stub_x86_64.ts";

// asm-generic/mman-common.h and signal.h: what nothing else in the project passes.
const MAP_PRIVATE_ANONYMOUS = 0x22n;
const PROT_READ_WRITE = 3n;
const SIGNAL_SET_SIZE = 8n;
const PATH_MAX = 4096n;

/** What the engine gets instead of the caller's arguments and environment, and where the stub meets it. */
export interface StubPlan {
  readonly arch: Arch;
  /** Address of the stub's first byte. */
  readonly address: number;
  /** Address of the engine's own entry. */
  readonly engineEntry: number;
  /** Address of the slot that holds the address of `environ`. */
  readonly environSlot: number;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** The variable that says where the engine keeps its caches: nowhere, unless there is one in {@link StubPlan.cache}. */
  readonly cacheFolder: string;
  /** The program's compiled code, as the engine's cache file has it. */
  readonly cache: Uint8Array | undefined;
  /** The program text, and maybe more behind a NUL; none where the engine brings its own. */
  readonly payload: Uint8Array | undefined;
}

/** The machine code of the stub with all its data, and where to enter it. */
export interface Stub {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entry: number;
}

/** Writes the entry stub: data first, so that every place in it is known when the code needs it. */
export function assembleStub(plan: StubPlan): Stub {
  const machine = plan.arch === "x86_64" ? stubMachineX8664() : stubMachineAarch64();
  const { code } = machine;
  const base = code.label();
  code.place(base);
  const strings = emitStrings(machine, plan);
  const complaint = code.length;
  code.asciz(COMPLAINT);
  code.align(16);
  const [raw, payload, failed] = [code.label(), code.label(), code.label()];
  const cache = code.label();
  const entry = code.length;
  machine.enter();
  machine.address("base", base);
  mapInfo(machine, failed);
  noteText(machine, plan, payload, raw);
  noteLimits(machine);
  noteSignals(machine);
  noteFolder(machine, plan.arch);
  machine.add("a", "base", strings.cacheFolder);
  machine.store("info", FOLDER_AT, "a");
  if (plan.cache !== undefined) {
    mountCache(machine, plan.arch, { label: cache, size: plan.cache.length });
  }
  noteStdio(machine);
  noteArguments(machine);
  nameInfo(machine);
  handOver(machine, plan, strings);
  code.place(failed);
  machine.call("write", 2n, { from: "base", offset: complaint }, BigInt(COMPLAINT.length));
  machine.call("exit_group", 1n);
  code.align(16);
  code.place(raw);
  machine.rawSyscall();
  code.align(16);
  code.place(payload);
  if (plan.payload !== undefined) {
    code.data(plan.payload);
    code.u8(0);
  }
  code.align(16);
  code.place(cache);
  if (plan.cache !== undefined) code.data(plan.cache);
  return { bytes: code.finish(plan.address), entry: plan.address + entry };
}

const COMPLAINT =
  "ocirt: Cannot map 8192 bytes of memory; hint: raise the limit on virtual memory (ulimit -v)\n";

interface Strings {
  /** Offsets from the base. */
  readonly argv: readonly number[];
  readonly env: readonly number[];
  readonly cacheFolder: number;
}

function emitStrings({ code }: StubMachine, plan: StubPlan): Strings {
  const emit = (text: string): number => {
    const at = code.length;
    code.asciz(text);
    return at;
  };
  return {
    argv: plan.argv.map(emit),
    env: plan.env.map(emit),
    cacheFolder: emit(plan.cacheFolder),
  };
}

function mapInfo(machine: StubMachine, failed: CodeLabel): void {
  const size = BigInt(PATH_AT) + PATH_MAX;
  machine.call("mmap", 0n, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1n, 0n);
  machine.jumpIf("result", "<", 0, failed);
  machine.set("info", "result");
}

function noteText(
  machine: StubMachine,
  plan: StubPlan,
  payload: CodeLabel,
  raw: CodeLabel,
): void {
  noteConstant(machine, INFO.magic, INFO_MAGIC);
  noteConstant(machine, INFO.version, INFO_VERSION);
  machine.address("a", raw);
  machine.store("info", INFO.rawSyscall, "a");
  if (plan.payload === undefined) return;
  machine.address("a", payload);
  machine.store("info", INFO.payload, "a");
  const end = plan.payload.indexOf(0);
  noteConstant(machine, INFO.payloadLength, BigInt(end < 0 ? plan.payload.length : end));
}

/** prlimit64(2) writes the soft limit, then the hard one. */
function noteLimits(machine: StubMachine): void {
  machine.call("prlimit64", 0n, BigInt(RLIMIT.RLIMIT_NOFILE), 0n, {
    from: "info",
    offset: INFO.nofileSoft,
  });
}

function noteSignals(machine: StubMachine): void {
  const { code } = machine;
  const [next, different] = [code.label(), code.label()];
  noteConstant(machine, SCRATCH_AT, BLOCKED_SIGNALS);
  const mask = { from: "info", offset: SCRATCH_AT } as const;
  const oldMask = { from: "info", offset: INFO.signalMask } as const;
  machine.call("rt_sigprocmask", BigInt(SIG_HOW.SIG_BLOCK), mask, oldMask, SIGNAL_SET_SIZE);
  machine.set("a", 1n);
  machine.set("b", 1n);
  code.place(next);
  // The handler is the first field of what the kernel writes.
  machine.call("rt_sigaction", "a", 0n, mask, SIGNAL_SET_SIZE);
  machine.load("c", "info", SCRATCH_AT);
  machine.jumpIf("c", "!=", SIG_HANDLER.SIG_IGN, different);
  machine.load("c", "info", INFO.ignoredSignals);
  machine.or("c", "b");
  machine.store("info", INFO.ignoredSignals, "c");
  code.place(different);
  machine.add("a", "a", 1);
  machine.shiftLeft("b", 1);
  machine.jumpIf("b", "!=", 0, next);
}

/** Keeps the working directory as a descriptor and leaves it: the engine refuses to start in a deleted one. */
function noteFolder(machine: StubMachine, arch: Arch): void {
  const { code } = machine;
  const kept = code.label();
  machine.call("getcwd", { from: "info", offset: PATH_AT }, PATH_MAX);
  machine.store("info", INFO.cwdPathLength, "result");
  machine.add("a", "info", PATH_AT);
  machine.store("info", INFO.cwdPath, "a");
  emitText(machine, SCRATCH_AT, ".");
  const flags = openFlags(arch).of("O_PATH", "O_DIRECTORY", "O_CLOEXEC");
  machine.call("openat", BigInt(AT_FDCWD), { from: "info", offset: SCRATCH_AT }, flags, 0n);
  machine.store("info", INFO.cwdFd, "result");
  machine.jumpIf("result", "<", 0, kept);
  machine.jumpIf("result", ">=", 3, kept);
  // A closed standard descriptor must stay free: the engine fills it with /dev/null.
  machine.set("a", "result");
  machine.call("fcntl", "a", BigInt(F.F_DUPFD_CLOEXEC), 3n);
  machine.store("info", INFO.cwdFd, "result");
  machine.call("close", "a");
  code.place(kept);
  emitText(machine, SCRATCH_AT, "/");
  machine.call("chdir", { from: "info", offset: SCRATCH_AT });
}

function noteStdio(machine: StubMachine): void {
  const { code } = machine;
  for (const fd of [0n, 1n, 2n]) {
    const open = code.label();
    machine.call("fcntl", fd, BigInt(F.F_GETFD), 0n);
    machine.jumpIf("result", ">=", 0, open);
    machine.set("a", 1n << fd);
    machine.load("c", "info", INFO.closedStdio);
    machine.or("c", "a");
    machine.store("info", INFO.closedStdio, "c");
    code.place(open);
  }
}

/** The initial stack: argc, argv, NULL, envp, NULL (System V ABI, "Process Initialization"). */
function noteArguments(machine: StubMachine): void {
  machine.load("a", "stack", 0);
  machine.store("info", INFO.argc, "a");
  machine.add("b", "stack", 8);
  machine.store("info", INFO.argv, "b");
  machine.shiftLeft("a", 3);
  machine.sum("b", "a");
  machine.add("b", "b", 8);
  machine.store("info", INFO.envp, "b");
}

/** Writes the one variable that is not a constant: the block's address, in hexadecimal. */
function nameInfo(machine: StubMachine): void {
  const { code } = machine;
  const prefix = `${INFO_VARIABLE}=0x`;
  const [next, digit] = [code.label(), code.label()];
  emitText(machine, VARIABLE_AT, prefix);
  machine.set("a", "info");
  machine.add("b", "info", VARIABLE_AT + prefix.length);
  machine.set("d", 16n);
  code.place(next);
  machine.shiftRight("c", "a", 60);
  machine.add("c", "c", 0x30);
  machine.jumpIf("c", "<", 0x3a, digit);
  // From ":" to "a".
  machine.add("c", "c", 0x61 - 0x3a);
  code.place(digit);
  machine.storeByte("b", 0, "c");
  machine.shiftLeft("a", 4);
  machine.add("b", "b", 1);
  machine.add("d", "d", -1);
  machine.jumpIf("d", "!=", 0, next);
}

/** Lays out a stack as the kernel would have, with our arguments and environment, and starts the engine. */
function handOver(machine: StubMachine, plan: StubPlan, strings: Strings): void {
  const argc = strings.argv.length;
  const env = argc + 2;
  // argc, argv, NULL, the variables of this start, env, NULL, and an empty auxiliary vector of two words.
  const words = env + 2 + strings.env.length + 1 + 2;
  // The stack must be aligned to 16 bytes at the entry, as it was.
  const size = Math.ceil(words / 2) * 16;
  machine.add("a", "stack", -size);
  const put = (index: number, from: "b"): void => machine.store("a", 8 * index, from);
  machine.set("b", BigInt(argc));
  put(0, "b");
  for (const [i, offset] of strings.argv.entries()) {
    machine.add("b", "base", offset);
    put(1 + i, "b");
  }
  for (const [i, offset] of strings.env.entries()) {
    machine.add("b", "base", offset);
    put(env + 2 + i, "b");
  }
  machine.add("b", "info", VARIABLE_AT);
  put(env, "b");
  machine.load("b", "info", FOLDER_AT);
  put(env + 1, "b");
  machine.set("b", 0n);
  for (const index of [env - 1, words - 3, words - 2, words - 1]) put(index, "b");
  machine.add("b", "base", plan.environSlot - plan.address);
  machine.load("b", "b", 0);
  machine.add("c", "a", 8 * env);
  machine.store("b", 0, "c");
  machine.add("b", "base", plan.engineEntry - plan.address);
  machine.leave("a", "b");
}
