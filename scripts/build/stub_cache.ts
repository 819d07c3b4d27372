import type { Arch } from "syscalls/abi/arch.ts";
import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { F } from "syscalls/abi/fcntl.ts";
import { FSCONFIG, FSMOUNT, FSOPEN } from "syscalls/abi/mount.ts";
import { openFlags } from "syscalls/abi/open.ts";
import type { CodeLabel } from "syscalls/native/code_buffer.ts";
import type { StubMachine } from "./stub_machine.ts";
import { CACHE_VARIABLE_AT, emitText, FOLDER_AT, SCRATCH_AT } from "./stub_memory.ts";

/** The descriptor of the folder: high enough for no caller to have one there that it means to hand on. */
const FOLDER_FD = 250;

/** The variable that has the engine keep its caches in that folder. */
const CACHE_VARIABLE = `DENO_DIR=/proc/self/fd/${FOLDER_FD}`;

/** What the engine calls its cache of compiled code. */
export const CACHE_FILE = "v8_code_cache_v2";

/** Databases on modules, which this program does not have: as folders they cannot be opened, and so take no time to make. */
const USELESS_FILES: readonly string[] = ["dep_analysis_cache_v2", "node_analysis_cache_v2"];

/**
 * Gives the engine the program's compiled code: as a file in a tmpfs that is mounted nowhere. Nobody else can name it, and it goes
 * when the process does. Needs CAP_SYS_ADMIN, Linux 5.2 and /proc; without them the engine compiles the program itself.
 */
export function mountCache(
  machine: StubMachine,
  arch: Arch,
  cache: { readonly label: CodeLabel; readonly size: number },
): void {
  const { code } = machine;
  const without = code.label();
  const scratch = { from: "info", offset: SCRATCH_AT } as const;
  emitText(machine, SCRATCH_AT, "tmpfs");
  machine.call("fsopen", scratch, FSOPEN.of("FSOPEN_CLOEXEC"));
  machine.jumpIf("result", "<", 0, without);
  machine.set("b", "result");
  machine.call("fsconfig", "b", BigInt(FSCONFIG.FSCONFIG_CMD_CREATE), 0n, 0n, 0n);
  machine.call("fsmount", "b", FSMOUNT.of("FSMOUNT_CLOEXEC"), 0n);
  machine.set("a", "result");
  machine.call("close", "b");
  machine.call("fcntl", "a", BigInt(F.F_DUPFD_CLOEXEC), BigInt(FOLDER_FD));
  machine.set("b", "result");
  machine.call("close", "a");
  machine.jumpIf("b", "!=", FOLDER_FD, without);
  emitText(machine, SCRATCH_AT, CACHE_FILE);
  const flags = openFlags(arch).of("O_CREAT", "O_WRONLY", "O_CLOEXEC");
  machine.call("openat", BigInt(FOLDER_FD), scratch, flags, 0o600n);
  machine.set("b", "result");
  machine.address("a", cache.label);
  machine.call("write", "b", "a", BigInt(cache.size));
  machine.add("a", "result", -cache.size);
  machine.call("close", "b");
  machine.jumpIf("a", "!=", 0, without);
  for (const name of USELESS_FILES) {
    emitText(machine, SCRATCH_AT, name);
    machine.call("mkdirat", BigInt(FOLDER_FD), scratch, 0o700n);
  }
  emitText(machine, CACHE_VARIABLE_AT, CACHE_VARIABLE);
  const path = { from: "info", offset: CACHE_VARIABLE_AT + CACHE_VARIABLE.indexOf("/") } as const;
  machine.call("faccessat", BigInt(AT_FDCWD), path, 0n);
  machine.jumpIf("result", "!=", 0, without);
  machine.add("a", "info", CACHE_VARIABLE_AT);
  machine.store("info", FOLDER_AT, "a");
  code.place(without);
}
