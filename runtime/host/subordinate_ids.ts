/** Which file has the ranges that an ordinary user may map (subuid(5), subgid(5)). */
export const RANGES_IN = { uid: "/etc/subuid", gid: "/etc/subgid" } as const;

/** So many ids from one on. */
export interface SubordinateRange {
  readonly first: number;
  readonly count: number;
}

/** What a user has in the text of such a file: lines of `name-or-id:first:count`. */
export function subordinateRanges(
  text: string,
  { uid, name }: { readonly uid: number; readonly name: string | null },
): SubordinateRange[] {
  return text.split("\n").flatMap((line) => {
    const [owner = "", first, count] = line.split(":");
    const isOwn = owner === name || owner === String(uid);
    return isOwn ? [{ first: Number(first), count: Number(count) }] : [];
  });
}

/** The name of a user in /etc/passwd; null where there is none, or users are kept elsewhere (nsswitch.conf(5)). */
export function userNameOf(uid: number): string | null {
  let text: string;
  try {
    text = Deno.readTextFileSync("/etc/passwd");
  } catch {
    return null;
  }
  const line = text.split("\n").find((it) => it.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? null;
}
