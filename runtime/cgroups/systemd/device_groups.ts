/**
 * The name of a major number in the text of /proc/devices (proc_devices(5)); null for none.
 *
 * @param type block or character devices
 */
export function deviceGroup(text: string, type: "b" | "c", major: number): string | null {
  const header = type === "b" ? "Block devices:" : "Character devices:";
  const start = text.indexOf(header);
  if (start < 0) return null;
  const section = text.slice(start + header.length).split("\n\n", 1)[0] ?? "";
  for (const line of section.split("\n")) {
    const [number, name] = line.trim().split(" ");
    if (Number(number) === major && name !== undefined) return name;
  }
  return null;
}
