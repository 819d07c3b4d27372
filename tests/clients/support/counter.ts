import type { Machine } from "./machine.ts";

/** A program that counts in the file `/n`, which is never empty, for a container that is to go on where it was. */
export const COUNT = "i=0; while :; do i=$((i+1)); echo $i >/m; mv /m /n; sleep 0.05; done";

/** Whether the machine's CRIU gets on with the kernel; that it does not is told. */
export function canCheckpoint(machine: Machine): boolean {
  const { code, stdout, stderr } = machine.run(["criu", "check"]);
  if (code !== 0) console.warn(`skipping: criu check fails on this kernel: ${stdout}${stderr}`);
  return code === 0;
}

/** Waits until the counter, as a command shows it, is above a number. @returns what it has reached */
export function countsOn(machine: Machine, show: string, from: number): number {
  machine.until(`n=$(${show}); test "\${n:-0}" -gt ${from}`);
  return Number(machine.sh(show));
}
