/** A process's pid in its own pid namespace. */
export function innerPid(process: number): number {
  const status = Deno.readTextFileSync(`/proc/${process}/status`);
  const [, pid = ""] = /^NSpid:.*\t(\d+)$/m.exec(status) ?? [];
  return Number(pid);
}
