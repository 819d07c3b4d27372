import type { Pressure, PressureLine } from "./stats.ts";
import { amount, linesIn, type StatFiles } from "./values.ts";

const NOTHING: PressureLine = { avg10: 0, avg60: 0, avg300: 0, total: 0n };

/** Reads a file such as `cpu.pressure`; null where the kernel does not count, or was told not to. */
export function pressureIn(files: StatFiles, name: string): Pressure | null {
  let [some, full] = [NOTHING, NOTHING];
  const lines = linesIn(files, name);
  for (const line of lines) {
    const [kind, ...words] = line.split(" ");
    if (kind === "some") some = pressureLine(words, name);
    if (kind === "full") full = pressureLine(words, name);
  }
  return lines.length === 0 ? null : { some, full };
}

/** `avg10=0.00 avg60=0.00 avg300=0.00 total=0` */
function pressureLine(words: readonly string[], name: string): PressureLine {
  const field = (key: string): string =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? "0";
  return {
    avg10: Number(field("avg10")),
    avg60: Number(field("avg60")),
    avg300: Number(field("avg300")),
    total: amount(field("total"), name),
  };
}
