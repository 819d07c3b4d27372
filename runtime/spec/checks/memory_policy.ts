import type { LinuxConfig } from "../config.ts";
import { show } from "../show.ts";
import type { IdList, ValidMemoryPolicy } from "../valid.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "../words/memory_policy.ts";
import type { Findings } from "./findings.ts";
import { parseIdList } from "./id_list.ts";

type Mode = ValidMemoryPolicy["mode"];
type Flag = ValidMemoryPolicy["flags"][number];

/** The modes of set_mempolicy(2) that take no nodes at all. */
const NODELESS_MODES: readonly string[] = ["MPOL_DEFAULT", "MPOL_LOCAL"] satisfies Mode[];

/** Null when there is something wrong with it. */
export function checkMemoryPolicy(
  { mode = "", nodes = "", flags = [] }: NonNullable<LinuxConfig["memoryPolicy"]>,
  findings: Findings,
): ValidMemoryPolicy | null {
  const origin = "/linux/memoryPolicy";
  const known = checkFlags(flags, `${origin}/flags`, findings);
  if (!isMode(mode)) {
    findings.problem(
      `${origin}/mode`,
      `invalid memory policy mode ${show(mode)}; known: ${
        Object.keys(MEMORY_POLICY_MODES).join(", ")
      }`,
    );
    return null;
  }
  return { mode, flags: known, nodes: checkNodes(mode, nodes, `${origin}/nodes`, findings) };
}

function isMode(mode: string): mode is Mode {
  return Object.hasOwn(MEMORY_POLICY_MODES, mode);
}

function isFlag(flag: string): flag is Flag {
  return Object.hasOwn(MEMORY_POLICY_FLAGS, flag);
}

function checkFlags(flags: readonly string[], origin: string, findings: Findings): Flag[] {
  for (const [i, flag] of flags.entries()) {
    if (isFlag(flag)) continue;
    findings.problem(
      `${origin}/${i}`,
      `invalid memory policy flag ${show(flag)}; known: ${
        Object.keys(MEMORY_POLICY_FLAGS).join(", ")
      }`,
    );
  }
  if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    findings.problem(
      origin,
      "invalid memory policy flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other",
    );
  }
  return flags.filter(isFlag);
}

function checkNodes(mode: Mode, text: string, origin: string, findings: Findings): IdList | null {
  const ids = parseIdList(text);
  if (typeof ids === "string") {
    findings.problem(origin, `invalid memory policy nodes ${show(text)}: ${ids}`);
    return null;
  }
  if (NODELESS_MODES.includes(mode) && ids.size > 0) {
    findings.problem(
      origin,
      `invalid memory policy: ${mode}: mode requires 0 nodes but got ${ids.size}`,
    );
  } else if (!NODELESS_MODES.includes(mode) && mode !== "MPOL_PREFERRED" && ids.size === 0) {
    findings.problem(
      origin,
      `invalid memory policy: ${mode}: mode requires at least one node but got 0`,
    );
  }
  return ids.size === 0 ? null : { ids, text };
}
