import type { FileValue, LimitWrite } from "./limit_write.ts";

/**
 * What to write to bring a file back to what it was.
 *
 * @param write what is about to be written to it
 * @param text what it says before
 * @returns null where that cannot be said in one write
 */
export function previousValue({ value, cleared }: LimitWrite, text: string): string | null {
  const lines = text.split("\n").filter((line) => line !== "");
  if (cleared !== undefined) {
    const key = `${value.split(" ")[0]} `;
    return lines.find((line) => line.startsWith(key)) ?? cleared;
  }
  const [first, ...others] = lines;
  // An empty list of CPUs is one line end; of no bytes at all the kernel hears nothing.
  if (first === undefined) return "\n";
  if (others.length === 0) return first;
  // A weight with exceptions for devices; and the killer, with how it does.
  return lines.find((line) => line.startsWith("default ")) ??
    /^oom_kill_disable ([01])$/m.exec(text)?.[1] ?? null;
}

/** The files that a write may go to: those that are there are read before it. */
export function targetsOf({ file, value, otherwise }: LimitWrite): readonly FileValue[] {
  const first = { file, value };
  return otherwise === undefined || otherwise === "nothing" ? [first] : [first, otherwise];
}
