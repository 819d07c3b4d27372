/** File systems of which a whole mount lets a container mount another one, without what masks its own (mount_too_revealing() of fs/namespace.c). */
const REVEALING: readonly string[] = ["proc", "sysfs"];

/** Mount points of procfs and sysfs that this process sees outside of a directory, and that show their whole file system. */
export function fullMountsOutside(directory: string): string[] {
  const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");
  return fullMountsIn(mountinfo, Deno.realPathSync(directory));
}

/** The same in the text of /proc/PID/mountinfo (proc(5)), in its order: each mount behind those it lies on. */
export function fullMountsIn(mountinfo: string, directory: string): string[] {
  const paths: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const [mount = "", filesystem = ""] = line.split(" - ");
    const [, , , root, escaped = ""] = mount.split(" ");
    if (root !== "/" || !REVEALING.includes(filesystem.split(" ")[0] ?? "")) continue;
    const path = unescapePath(escaped);
    const within = directory === "/" || path === directory || path.startsWith(`${directory}/`);
    if (!within) paths.push(path);
  }
  return paths;
}

/** Space, tab, newline and backslash are octal numbers there. */
function unescapePath(path: string): string {
  return path.replaceAll(
    /\\([0-7]{3})/g,
    (_, octal: string) => String.fromCharCode(parseInt(octal, 8)),
  );
}
