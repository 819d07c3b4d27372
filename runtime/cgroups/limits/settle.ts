import { ERRNO } from "syscalls/abi/errno.ts";
import type { LimitWrite } from "./limit_write.ts";

/** Makes one write: 0, or an errno. */
export type Attempt<Write> = (write: Write) => number;

/** A write that the kernel does not take. */
export interface Refused<Write> {
  readonly write: Write;
  readonly errno: number;
}

/**
 * Makes writes in order. Of those that belong together, one that the kernel calls invalid is tried again after the others,
 * for as long as that helps.
 *
 * @returns the first one that stays refused, behind which nothing is written; null when all are made
 */
export function settle<Write extends LimitWrite>(
  writes: readonly Write[],
  attempt: Attempt<Write>,
): Refused<Write> | null {
  for (let start = 0; start < writes.length;) {
    const together = writes[start]?.together;
    let end = start + 1;
    while (together !== undefined && writes[end]?.together === together) end++;
    const refused = settleGroup(writes.slice(start, end), attempt);
    if (refused !== null) return refused;
    start = end;
  }
  return null;
}

function settleGroup<Write>(
  writes: readonly Write[],
  attempt: Attempt<Write>,
): Refused<Write> | null {
  let waiting = writes;
  for (;;) {
    const refused: Refused<Write>[] = [];
    for (const write of waiting) {
      const errno = attempt(write);
      if (errno === 0) continue;
      if (errno !== ERRNO.EINVAL) return { write, errno };
      refused.push({ write, errno });
    }
    const [first] = refused;
    if (first === undefined) return null;
    if (refused.length === waiting.length) return first;
    waiting = refused.map(({ write }) => write);
  }
}
