import type { UserMappings } from "../context.ts";
import type { Findings } from "./findings.ts";
import { isMapped } from "./id_mappings.ts";

/** Whose ids a mount's options may name. */
export interface MountIds {
  /** Null where all ids are there, or nobody knows which. */
  readonly known: UserMappings | null;
  /** Whether the runtime is an ordinary user's. */
  readonly isRootless: boolean;
}

/**
 * Checks the options `uid=` and `gid=`: the kernel refuses those that the user namespace does not have, with a bare EINVAL.
 *
 * @returns the options without the group that every template gives to terminals, where that is none of them
 */
export function checkMountIds(
  { type, data }: { readonly type: string; readonly data: readonly string[] },
  origin: string,
  { known, isRootless }: MountIds,
  findings: Findings,
): readonly string[] {
  if (known === null) return data;
  return data.filter((option) => {
    const [, kind, digits] = /^(uid|gid)=(\d+)$/.exec(option) ?? [];
    if (kind === undefined) return true;
    const mappings = kind === "uid" ? known.uidMappings : known.gidMappings;
    if (mappings.length === 0 || isMapped(Number(digits), mappings)) return true;
    const reason = `${kind} ${digits} is not mapped in the user namespace`;
    if (type === "devpts" && kind === "gid") {
      findings.warn(`${origin}/options`, `${option} is left out: ${reason}`);
      return false;
    }
    const whose = isRootless ? " for rootless container" : "";
    findings.problem(
      `${origin}/options`,
      `cannot specify ${option} mount option${whose}: ${reason}`,
    );
    return true;
  });
}
