import type { ExtendedInstruction } from "./extended.ts";

/** How many instructions a program may run before it is taken for endless; the kernel takes no loops at all. */
const MOST = 100_000;

/**
 * Runs a program on a context, as the kernel would: the result is what is in r0 at the end.
 *
 * @throws {RangeError} when the program runs off its end or does not end
 */
export function interpretExtended(
  program: readonly ExtendedInstruction[],
  context: DataView,
): number {
  const registers = [0, 0, 0, 0, 0, 0];
  let at = 0;
  for (let count = 0; count < MOST; count++) {
    const instruction = program[at++];
    if (instruction === undefined) throw new RangeError(`Cannot run instruction ${at - 1}: none`);
    const { operation, to = 0, from = 0, offset = 0, immediate = 0 } = instruction;
    const [left, right] = [registers[to] ?? 0, registers[from] ?? 0];
    switch (operation) {
      case "loadWord":
        registers[to] = context.getUint32(offset, true);
        break;
      case "move32":
        registers[to] = immediate;
        break;
      case "moveRegister32":
        registers[to] = right;
        break;
      case "and32":
        registers[to] = (left & immediate) >>> 0;
        break;
      case "shiftRight32":
        registers[to] = left >>> immediate;
        break;
      case "jumpUnlessEqual":
        if (left !== immediate) at += offset;
        break;
      case "jumpIfEqual":
        if (left === immediate) at += offset;
        break;
      case "jumpUnlessSame":
        if (left !== right) at += offset;
        break;
      case "exit":
        return registers[0] ?? 0;
    }
  }
  throw new RangeError("Cannot run program: it does not end");
}
