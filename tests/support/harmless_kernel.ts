import { ERRNO } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { PR } from "syscalls/abi/process.ts";
import { encodeCString, encodeText } from "syscalls/abi/text.ts";
import { type End, type FakeKernel, FIRST_PID, type Memory } from "syscalls/native/interpreter.ts";
import { BAD_FD } from "./harmless_program.ts";

interface ProcessState {
  umask: bigint;
  name: string;
}

/** Answers the calls of `harmlessProgram` as Linux does, in the folder `/`. */
export class HarmlessKernel implements FakeKernel {
  readonly #processes = new Map<bigint, ProcessState>([[FIRST_PID, { umask: 0n, name: "" }]]);
  readonly #ends = new Map<bigint, End>();

  syscall(name: SyscallName, args: readonly bigint[], memory: Memory, pid: bigint): bigint {
    const process = this.#processes.get(pid) ?? { umask: 0n, name: "" };
    const [first = 0n, second = 0n] = args;
    switch (name) {
      case "umask": {
        const before = process.umask;
        process.umask = first & 0o777n;
        return before;
      }
      case "prctl":
        return prctl(process, first, second, memory);
      case "getcwd":
        memory.write(first, encodeCString("/"));
        return 2n;
      case "clone": {
        const child = FIRST_PID + BigInt(this.#processes.size);
        this.#processes.set(child, { ...process });
        return child;
      }
      case "wait4":
        return this.#wait(first, second, memory);
      case "close":
        return BigInt(-ERRNO.EBADF);
      case "write":
        return first === BigInt(BAD_FD) ? BigInt(-ERRNO.EBADF) : 0n;
      case "chdir":
      case "openat":
        return BigInt(-ERRNO.ENOENT);
      default:
        throw new TypeError(`Cannot answer ${name}: it is not among the harmless calls`);
    }
  }

  ended(pid: bigint, end: End): void {
    this.#ends.set(pid, end);
  }

  #wait(pid: bigint, status: bigint, memory: Memory): bigint {
    const end = this.#ends.get(pid);
    if (end?.kind !== "exited") return BigInt(-ERRNO.ECHILD);
    memory.write(status, Uint8Array.of(0, end.code, 0, 0));
    return pid;
  }
}

function prctl(process: ProcessState, operation: bigint, address: bigint, memory: Memory): bigint {
  if (operation === BigInt(PR.PR_SET_NAME)) process.name = memory.cString(address).slice(0, 15);
  else {
    const name = new Uint8Array(16);
    name.set(encodeText(process.name));
    memory.write(address, name);
  }
  return 0n;
}
