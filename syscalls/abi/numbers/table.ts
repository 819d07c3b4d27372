/**
 * The number of a system call in a table of ` name=number` words; undefined when it is not in there.
 *
 * The table is searched and not read as a whole: a command makes a tenth of its calls.
 */
export function findNumber(table: string, name: string): number | undefined {
  const at = table.indexOf(` ${name}=`);
  if (at < 0) return undefined;
  const digits = at + name.length + 2;
  return parseInt(table.slice(digits, digits + 4), 10);
}
