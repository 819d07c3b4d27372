import { CLASSIC_SIZE, type ClassicInstruction } from "syscalls/bpf/classic.ts";

/** An instruction as the kernel's macros write it: code, constant, jumps. */
export function instruction(code: number, k = 0, jt = 0, jf = 0): ClassicInstruction {
  return { code, jt, jf, k };
}

/** The bytes of a program, as `run.oci.seccomp_bpf_data` has them. */
export function rawFilter(program: readonly ClassicInstruction[]): string {
  const bytes = new Uint8Array(CLASSIC_SIZE * program.length);
  const view = new DataView(bytes.buffer);
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    const at = CLASSIC_SIZE * i;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  }
  return bytes.toBase64();
}
