/** A program has more machine code than its branches can reach across. */
export class CodeSizeError extends RangeError {
  override readonly name = "CodeSizeError";
  constructor(size: number, most: number) {
    super(`Cannot compile program: it has ${size} bytes of code, at most ${most} can be reached`);
  }
}
