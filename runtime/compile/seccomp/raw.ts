import type { Arch } from "syscalls/abi/arch.ts";
import { seccompFault } from "syscalls/bpf/check_classic.ts";
import { CLASSIC, CLASSIC_SIZE, decodeClassic } from "syscalls/bpf/classic.ts";
import { OTHER_CODES } from "syscalls/bpf/classic_codes.ts";
import { SpecError } from "runtime/base/errors.ts";
import type { RawFilter } from "runtime/spec/valid.ts";
import { isNotify, mayNotify } from "./calls_behind.ts";
import type { CompiledSeccomp } from "./compile.ts";
import { flagsOf, requireFlags } from "./flags.ts";

/** Where a filter is to be installed that somebody else has compiled. */
export interface RawMachine {
  readonly arch: Arch;
  /** Kernel release as `[major, minor]`. */
  readonly kernel: readonly [number, number];
  /** Whether there is somebody to answer for the calls that a program leaves to an agent. */
  readonly hasAgent: () => boolean;
}

/**
 * Makes sure that the kernel will take a program, and the runtime get through it.
 *
 * @throws {SpecError} where one of them would not
 */
export function readRawFilter(
  raw: RawFilter,
  { arch, kernel, hasAgent }: RawMachine,
  fileName = "config.json",
): CompiledSeccomp {
  const refuse = (text: string): never => {
    throw new SpecError(fileName, [{ path: raw.origin, text }]);
  };
  const program = decode(raw.base64) ?? refuse("it is not base64");
  if (program.length % CLASSIC_SIZE !== 0) {
    refuse(`it has ${program.length} bytes; an instruction has ${CLASSIC_SIZE}`);
  }
  const instructions = decodeClassic(program);
  const fault = seccompFault(instructions);
  if (fault !== null) refuse(`instruction ${fault.at}: ${fault.text}`);
  requireFlags(raw, kernel, fileName);
  const asks = instructions.some(({ code, k }) => code === CLASSIC.answer && isNotify(k));
  if (asks && !hasAgent()) {
    refuse("it leaves calls to an agent, and seccomp listenerPath is not set");
  }
  // What is worked out when a call is made may be anything.
  const notifies = asks ||
    instructions.some(({ code }) => code === OTHER_CODES.answerA) && hasAgent();
  if (notifies && mayNotify(instructions, arch, "write")) {
    refuse("it may leave write to an agent, which the runtime calls before there is one to answer");
  }
  if (!notifies && raw.flags?.includes("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")) {
    refuse("it leaves no call to an agent, as SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs it");
  }
  return {
    program,
    instructions: instructions.length,
    flags: flagsOf(raw.flags, notifies),
    notifies,
    warnings: [],
  };
}

function decode(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return null;
  }
}
