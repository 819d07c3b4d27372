import type { Operand, Program } from "./program.ts";
import type { CallOptions } from "./sink.ts";
import type { X8664Writer } from "./x86_64_writer.ts";

/** Writes a program that is there as data, so that it comes out as if it had been written at once. */
export function replay(program: Program, writer: X8664Writer): void {
  const { slotSizes, data, instructions } = program;
  // The writer has made the slot of the reports' descriptor itself; a builder always makes it first.
  for (const size of slotSizes.slice(1)) writer.slot(size);
  for (const piece of data) writer.copyData(piece);
  for (const instruction of instructions) {
    switch (instruction.kind) {
      case "call":
        writer.call(instruction.call, instruction.args, instruction as CallOptions);
        break;
      case "branch": {
        const { of, when, to } = instruction;
        writer.branch(of === "result" ? { when, to } : { of, when, to });
        break;
      }
      case "jump":
        writer.jump(instruction.to);
        break;
      case "label":
        writer.place(instruction.label);
        break;
      case "set":
        writer.set(instruction.slot, instruction.value);
        break;
      case "fork":
        writer.fork(instruction);
        break;
      case "signalExit":
        writer.signalExit(instruction.into);
        break;
      case "writeReports":
        writer.writeReports();
        break;
      case "report":
        writer.report(instruction);
        break;
      case "fail":
        writer.fail(instruction.errno satisfies Operand, instruction.step);
        break;
      case "exit":
        writer.exit(instruction.code);
        break;
    }
  }
}
