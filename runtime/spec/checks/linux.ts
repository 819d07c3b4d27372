import { cleanPath } from "../clean_path.ts";
import type { LinuxConfig } from "../config.ts";
import { show } from "../show.ts";
import type { OriginPath, ValidNamespace } from "../valid.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "../words/memory_policy.ts";
import type { Findings } from "./findings.ts";
import { parseIdList } from "./id_list.ts";
import { findNamespace } from "./namespaces.ts";

/** `maskedPaths` or `readonlyPaths`, absolute and clean. */
export function checkRestrictedPaths(
  linux: LinuxConfig,
  field: "maskedPaths" | "readonlyPaths",
  namespaces: readonly ValidNamespace[],
  findings: Findings,
): OriginPath[] {
  const paths = linux[field] ?? [];
  if (paths.length > 0 && findNamespace(namespaces, "mount") === undefined) {
    findings.problem(
      `/linux/${field}`,
      "unable to restrict sys entries without a private MNT namespace",
    );
  }
  return paths.map((path, i) => {
    const origin = `/linux/${field}/${i}`;
    if (!path.startsWith("/")) {
      findings.warn(origin, `${show(path)} is relative; it is taken from the container's root`);
    }
    return { path: cleanPath(`/${path}`), origin };
  });
}

/** The runtime-spec defines no flags yet, so none can be meant. */
export function checkPersonality({ personality }: LinuxConfig, findings: Findings): void {
  if (personality?.flags !== undefined && personality.flags.length > 0) {
    findings.problem(
      "/linux/personality/flags",
      `unsupported personality flags: ${personality.flags.join(", ")}; there are none yet`,
    );
  }
}

export function checkIntelRdt({ intelRdt }: LinuxConfig, findings: Findings): void {
  if (intelRdt === undefined) return;
  const { closID = "", memBwSchema, schemata = [] } = intelRdt;
  const escapes = closID === "." || closID === ".." || (closID.length > 1 && closID.includes("/"));
  if (escapes) {
    findings.problem("/linux/intelRdt/closID", `invalid intelRdt.ClosID ${show(closID)}`);
  }
  if (memBwSchema !== undefined && memBwSchema !== "" && !/^MB:[^\n]*$/.test(memBwSchema)) {
    findings.problem(
      "/linux/intelRdt/memBwSchema",
      `${show(memBwSchema)} is not one line that starts with "MB:"`,
    );
  }
  for (const [i, line] of schemata.entries()) {
    if (line.includes("\n")) {
      findings.problem(`/linux/intelRdt/schemata/${i}`, `${show(line)} is more than one line`);
    }
  }
}

/** The modes of set_mempolicy(2) that take no nodes at all. */
const NODELESS_MODES: readonly string[] = ["MPOL_DEFAULT", "MPOL_LOCAL"];

export function checkMemoryPolicy({ memoryPolicy }: LinuxConfig, findings: Findings): void {
  if (memoryPolicy === undefined) return;
  const origin = "/linux/memoryPolicy";
  const { mode = "", nodes = "", flags = [] } = memoryPolicy;
  for (const [i, flag] of flags.entries()) {
    if (!Object.hasOwn(MEMORY_POLICY_FLAGS, flag)) {
      findings.problem(
        `${origin}/flags/${i}`,
        `invalid memory policy flag ${show(flag)}; known: ${
          Object.keys(MEMORY_POLICY_FLAGS).join(", ")
        }`,
      );
    }
  }
  if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    findings.problem(
      `${origin}/flags`,
      "invalid memory policy flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other",
    );
  }
  if (!Object.hasOwn(MEMORY_POLICY_MODES, mode)) {
    findings.problem(
      `${origin}/mode`,
      `invalid memory policy mode ${show(mode)}; known: ${
        Object.keys(MEMORY_POLICY_MODES).join(", ")
      }`,
    );
    return;
  }
  checkNodes(mode, nodes, `${origin}/nodes`, findings);
}

function checkNodes(mode: string, text: string, origin: string, findings: Findings): void {
  const nodes = parseIdList(text);
  if (typeof nodes === "string") {
    findings.problem(origin, `invalid memory policy nodes ${show(text)}: ${nodes}`);
  } else if (NODELESS_MODES.includes(mode) && nodes.size > 0) {
    findings.problem(
      origin,
      `invalid memory policy: ${mode}: mode requires 0 nodes but got ${nodes.size}`,
    );
  } else if (!NODELESS_MODES.includes(mode) && mode !== "MPOL_PREFERRED" && nodes.size === 0) {
    findings.problem(
      origin,
      `invalid memory policy: ${mode}: mode requires at least one node but got 0`,
    );
  }
}
