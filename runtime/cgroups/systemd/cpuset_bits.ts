/** More CPUs than any machine has: a wrong number must not ask for gigabytes. */
const MOST = 65_536;

/**
 * A list like `0-3,6` as a bit mask, the first byte for CPUs 0 to 7, as systemd takes it. Null for what is no such list, or an
 * empty one.
 */
export function cpusetBits(list: string): number[] | null {
  const bytes: number[] = [];
  for (const part of list.split(",").map((text) => text.trim())) {
    if (part === "") continue;
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    if (first > last || last >= MOST) return null;
    while (bytes.length <= last >> 3) bytes.push(0);
    for (let id = first; id <= last; id++) {
      const byte = id >> 3;
      bytes[byte] = (bytes[byte] ?? 0) | 1 << (id & 7);
    }
  }
  return bytes.length === 0 ? null : bytes;
}
