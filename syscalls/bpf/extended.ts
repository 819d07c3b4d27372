/** A register of the eBPF machine: r0 is the result, r1 the context at the start. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5;

/** Operation codes (linux/bpf.h, linux/bpf_common.h): class, source and operation or-ed. */
const OPCODE = {
  loadWord: 0x61, // BPF_LDX | BPF_MEM | BPF_W
  move32: 0xb4, // BPF_ALU | BPF_MOV | BPF_K
  moveRegister32: 0xbc, // BPF_ALU | BPF_MOV | BPF_X
  and32: 0x54, // BPF_ALU | BPF_AND | BPF_K
  shiftRight32: 0x74, // BPF_ALU | BPF_RSH | BPF_K
  jumpUnlessEqual: 0x55, // BPF_JMP | BPF_JNE | BPF_K
  jumpIfEqual: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  jumpUnlessSame: 0x5d, // BPF_JMP | BPF_JNE | BPF_X
  exit: 0x95, // BPF_JMP | BPF_EXIT
} as const;

/** One instruction: struct bpf_insn, 8 bytes. */
export interface ExtendedInstruction {
  readonly operation: keyof typeof OPCODE;
  readonly to?: Register;
  readonly from?: Register;
  /** Of a load: bytes into the context. Of a jump: how many of the instructions that follow are passed over. */
  readonly offset?: number;
  readonly immediate?: number;
}

/** Size of an instruction in bytes. */
export const INSTRUCTION_SIZE = 8;

/** The program as the kernel takes it. */
export function encodeExtended(program: readonly ExtendedInstruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(INSTRUCTION_SIZE * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(({ operation, to = 0, from = 0, offset = 0, immediate = 0 }, index) => {
    const at = INSTRUCTION_SIZE * index;
    bytes[at] = OPCODE[operation];
    bytes[at + 1] = from << 4 | to;
    view.setInt16(at + 2, offset, true);
    view.setUint32(at + 4, immediate, true);
  });
  return bytes;
}
