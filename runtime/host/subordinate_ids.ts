/** The name of a user in /etc/passwd; the number where there is none. */
export function userNameOf(uid: number): string {
  const line = readLines("/etc/passwd").find((it) => it.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? String(uid);
}

function readLines(path: string): readonly string[] {
  try {
    return Deno.readTextFileSync(path).split("\n");
  } catch {
    // Users may be kept elsewhere (nsswitch.conf(5)).
    return [];
  }
}
