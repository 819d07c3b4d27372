/**
 * Reads a table of system call numbers: each line is a number and the names of the calls that have it and those that follow it,
 * so `3 close stat` says that close is 3 and stat is 4.
 */
export function parseNumbers(table: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  let next = 0;
  for (const word of table.trim().split(/\s+/)) {
    const number = Number(word);
    if (Number.isNaN(number)) numbers.set(word, next++);
    else next = number;
  }
  return numbers;
}
