import { syscallNumber } from "syscalls/abi/numbers/aarch64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { AssemblerAarch64, type Register, SP, x } from "syscalls/native/assembler_aarch64.ts";
import type { Argument, Cell, StubMachine } from "./stub_machine.ts";

// The kernel keeps all registers but x0; arguments go to x0..x5, the number to x8.
const REGISTERS: Readonly<Record<Cell, Register>> = {
  stack: x(19),
  finish: x(20),
  base: x(21),
  info: x(22),
  a: x(23),
  b: x(24),
  c: x(25),
  d: x(26),
  result: x(0),
};
const NUMBER = x(8);
const TEMPORARY = x(9);
const FRAME_POINTER = x(29);
const LARGEST_IMMEDIATE = 4095;
const CONDITIONS = { "<": "lt", ">=": "ge", "==": "eq", "!=": "ne" } as const;

/** The operations of the entry stub on aarch64. */
export function stubMachineAarch64(): StubMachine {
  const code = new AssemblerAarch64();
  const r = (cell: Cell): Register => REGISTERS[cell];
  return {
    code,
    enter: () => {
      code.mov(r("stack"), SP);
      // x0 holds the function that the C library registers with atexit(3).
      code.mov(r("finish"), x(0));
    },
    leave: (stack, target) => {
      code.mov(SP, r(stack));
      code.mov(x(0), r("finish"));
      code.mov(FRAME_POINTER, 0n);
      code.mov(TEMPORARY, r(target));
      code.br(TEMPORARY);
    },
    call: (name, ...args) => emitCall(code, name, args),
    set: (to, from) => code.mov(r(to), typeof from === "bigint" ? from : r(from)),
    address: (to, label) => code.adr(r(to), label),
    add: (to, from, distance) => emitAdd(code, r(to), r(from), distance),
    sum: (to, from) => code.add(r(to), r(to), r(from)),
    or: (to, from) => code.orr(r(to), r(to), r(from)),
    shiftLeft: (cell, bits) => code.lsl(r(cell), r(cell), bits),
    shiftRight: (to, from, bits) => code.lsr(r(to), r(from), bits),
    load: (to, base, offset) => code.ldr(r(to), r(base), offset),
    store: (base, offset, from) => code.str(r(from), r(base), offset),
    storeByte: (base, offset, from) => code.strb(r(from), r(base), offset),
    jumpIf: (left, is, right, to) => {
      code.cmp(r(left), BigInt(right));
      code.bCond(CONDITIONS[is], to);
    },
    jump: (to) => code.b(to),
    rawSyscall: () => emitRawSyscall(code),
  };
}

function emitAdd(code: AssemblerAarch64, to: Register, from: Register, distance: number): void {
  if (Math.abs(distance) <= LARGEST_IMMEDIATE) {
    code.add(to, from, BigInt(distance));
  } else {
    code.mov(TEMPORARY, BigInt(distance));
    code.add(to, from, TEMPORARY);
  }
}

function emitCall(code: AssemblerAarch64, name: SyscallName, args: readonly Argument[]): void {
  for (const [i, argument] of args.entries()) {
    if (typeof argument === "bigint") code.mov(x(i), argument);
    else if (typeof argument === "string") code.mov(x(i), REGISTERS[argument]);
    else emitAdd(code, x(i), REGISTERS[argument.from], argument.offset);
  }
  code.mov(NUMBER, BigInt(syscallNumber(name)));
  code.svc();
}

/** C passes seven arguments in x0 to x6. */
function emitRawSyscall(code: AssemblerAarch64): void {
  code.mov(NUMBER, x(0));
  for (let i = 0; i < 6; i++) code.mov(x(i), x(i + 1));
  code.svc();
  code.ret();
}
