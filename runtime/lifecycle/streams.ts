import { readLink } from "syscalls/libc/paths.ts";

/** What this process has as standard input, output and error: `pipe:[42]`, or a path. */
export function ownStreams(): string[] {
  return [0, 1, 2].map((number) => readLink(`/proc/self/fd/${number}`) ?? "");
}
