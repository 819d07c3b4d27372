/** Ends an exhaustive switch: the type checker proves that it is never reached. */
export function unreachable(value: never): never {
  throw new RangeError(`Cannot handle ${JSON.stringify(value)}`);
}
