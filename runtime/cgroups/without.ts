import { type Pid, pid } from "syscalls/abi/brand.ts";
import { leadsItsNamespace } from "./leads_namespace.ts";

/** A process, and whose child it is. */
interface Kin {
  readonly process: number;
  readonly parent: number;
}

/**
 * The processes of a container that has no cgroup: the init, those in its pid namespace, if that is its own, and all that descend from
 * them. In a namespace that it has joined there are other containers' as well.
 */
export function pidsAround(init: number): Pid[] {
  const all = processes();
  const space = pidNamespace(init);
  const isOwn = space !== null && leadsItsNamespace(init);
  const found = new Set([
    init,
    ...isOwn
      ? all.filter(({ process }) => pidNamespace(process) === space).map(({ process }) => process)
      : [],
  ]);
  for (let known = 0; known < found.size;) {
    known = found.size;
    for (const { process, parent } of all) if (found.has(parent)) found.add(process);
  }
  return [...found].map(pid);
}

function processes(): Kin[] {
  const found: Kin[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const stat = textOf(() => Deno.readTextFileSync(`/proc/${name}/stat`));
    // The name in brackets may hold anything (proc(5)).
    const parent = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    if (parent !== undefined) found.push({ process: Number(name), parent: Number(parent) });
  }
  return found;
}

function pidNamespace(process: number): string | null {
  return textOf(() => Deno.readLinkSync(`/proc/${process}/ns/pid`));
}

/** Null for what is gone, or another user's. */
function textOf(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
