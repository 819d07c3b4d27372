/**
 * The user names of a passwd(5) text, by uid. Where a uid has two names, the first counts, as in getpwuid(3).
 */
export function userNames(passwd: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of passwd.split("\n")) {
    const [name, , uid] = line.split(":");
    if (name === undefined || name === "" || uid === undefined || uid === "") continue;
    const number = Number(uid);
    if (Number.isInteger(number) && !names.has(number)) names.set(number, name);
  }
  return names;
}

/** The name of a user, or `#uid` for one without. */
export function ownerName(uid: number, names: ReadonlyMap<number, string>): string {
  return names.get(uid) ?? `#${uid}`;
}
