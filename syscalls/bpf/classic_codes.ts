/** Words of scratch memory that a program has: BPF_MEMWORDS of linux/filter.h. */
export const MEMORY_WORDS = 16;

/** Parts of the operation codes of arithmetic and jumps (linux/bpf_common.h): a class, an operation, and what it works with beside A. */
export const CODE_PARTS = {
  classMask: 0x07,
  arithmetic: 0x04, // BPF_ALU
  jump: 0x05, // BPF_JMP
  operationMask: 0xf0,
  /** BPF_X: the index register, where it is not the constant. */
  x: 0x08,
} as const;

/** Operations of BPF_ALU that a seccomp filter may do. */
export const ARITHMETIC = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  xor: 0xa0,
} as const;

/** Operations of BPF_JMP. */
export const JUMPS = { ja: 0x00, jeq: 0x10, jgt: 0x20, jge: 0x30, jset: 0x40 } as const;

/** The operation codes of a seccomp filter that are neither arithmetic nor jumps. */
export const OTHER_CODES = {
  loadImmediate: 0x00, // BPF_LD | BPF_IMM
  loadImmediateX: 0x01, // BPF_LDX | BPF_IMM
  store: 0x02, // BPF_ST
  storeX: 0x03, // BPF_STX
  answer: 0x06, // BPF_RET | BPF_K
  moveToX: 0x07, // BPF_MISC | BPF_TAX
  answerA: 0x16, // BPF_RET | BPF_A
  load: 0x20, // BPF_LD | BPF_W | BPF_ABS
  loadMemory: 0x60, // BPF_LD | BPF_MEM
  loadMemoryX: 0x61, // BPF_LDX | BPF_MEM
  loadLength: 0x80, // BPF_LD | BPF_W | BPF_LEN
  loadLengthX: 0x81, // BPF_LDX | BPF_W | BPF_LEN
  moveFromX: 0x87, // BPF_MISC | BPF_TXA
} as const;
