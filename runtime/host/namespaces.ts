/**
 * Whether a namespace file is of the namespace that this process is in. A path that leads nowhere is not.
 *
 * @param file what the kernel calls the kind in `/proc/PID/ns`
 */
export function isOwnNamespace(file: string, path: string): boolean {
  try {
    const [own, other] = [Deno.statSync(`/proc/self/ns/${file}`), Deno.statSync(path)];
    return own.ino === other.ino && own.dev === other.dev;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}
