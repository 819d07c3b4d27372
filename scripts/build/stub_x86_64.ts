import { syscallNumber } from "syscalls/abi/numbers/x86_64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import {
  AssemblerX8664,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  R8,
  R9,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  type Register,
  RSI,
  RSP,
} from "syscalls/native/assembler_x86_64.ts";
import type { CodeLabel } from "syscalls/native/code_buffer.ts";
import type { Argument, Cell, StubMachine } from "./stub_machine.ts";

// The kernel keeps all registers but rax, rcx and r11 (psABI A.2.1), and takes arguments in none of these.
const REGISTERS: Readonly<Record<Cell, Register>> = {
  stack: R12,
  finish: R13,
  base: RBP,
  info: RBX,
  a: R14,
  b: R15,
  c: RCX,
  d: R11,
  result: RAX,
};
const ARGUMENTS = [RDI, RSI, RDX, R10, R8, R9];
const CONDITIONS = { "<": "l", ">=": "ge", "==": "e", "!=": "ne" } as const;

/** The operations of the entry stub on x86-64. */
export function stubMachineX8664(): StubMachine {
  const code = new AssemblerX8664();
  const r = (cell: Cell): Register => REGISTERS[cell];
  return {
    code,
    enter: () => {
      code.mov(r("stack"), RSP);
      // rdx holds the function that the C library registers with atexit(3) (psABI 3.4.1).
      code.mov(r("finish"), RDX);
    },
    leave: (stack, target) => {
      code.mov(RSP, r(stack));
      code.mov(RDX, r("finish"));
      code.mov(RAX, r(target));
      code.zero(RBP);
      code.jmpRegister(RAX);
    },
    call: (name, ...args) => emitCall(code, name, args),
    set: (to, from) => code.mov(r(to), typeof from === "bigint" ? from : r(from)),
    address: (to, label) => code.lea(r(to), { label }),
    add: (to, from, distance) => code.lea(r(to), { base: r(from), disp: distance }),
    sum: (to, from) => code.add(r(to), r(from)),
    or: (to, from) => code.or(r(to), r(from)),
    shiftLeft: (cell, bits) => code.shl(r(cell), bits),
    shiftRight: (to, from, bits) => {
      code.mov(r(to), r(from));
      code.shr(r(to), bits);
    },
    load: (to, base, offset) => code.load(r(to), { base: r(base), disp: offset }),
    store: (base, offset, from) => code.store({ base: r(base), disp: offset }, r(from)),
    storeByte: (base, offset, from) => code.store({ base: r(base), disp: offset }, r(from), 8),
    jumpIf: (left, is, right, to) => {
      code.cmp(r(left), BigInt(right));
      code.jcc(CONDITIONS[is], to);
    },
    jump: (to: CodeLabel) => code.jmp(to),
    rawSyscall: () => emitRawSyscall(code),
  };
}

function emitCall(code: AssemblerX8664, name: SyscallName, args: readonly Argument[]): void {
  for (const [i, argument] of args.entries()) {
    const to = ARGUMENTS[i] ?? RAX;
    if (typeof argument === "bigint") code.mov(to, argument);
    else if (typeof argument === "string") code.mov(to, REGISTERS[argument]);
    else code.lea(to, { base: REGISTERS[argument.from], disp: argument.offset });
  }
  code.mov(RAX, BigInt(syscallNumber(name)));
  code.syscall();
}

/** C passes six arguments in rdi, rsi, rdx, rcx, r8, r9 and the seventh on the stack. */
function emitRawSyscall(code: AssemblerX8664): void {
  code.mov(RAX, RDI);
  code.mov(RDI, RSI);
  code.mov(RSI, RDX);
  code.mov(RDX, RCX);
  code.mov(R10, R8);
  code.mov(R8, R9);
  code.load(R9, { base: RSP, disp: 8 });
  code.syscall();
  code.ret();
}
