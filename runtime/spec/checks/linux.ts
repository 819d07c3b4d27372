import { cleanPath } from "../clean_path.ts";
import type { LinuxConfig } from "../config.ts";
import { show } from "../show.ts";
import type { OriginPath, PersonalityDomain, ValidNamespace } from "../valid.ts";
import type { Findings } from "./findings.ts";
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
  return paths.flatMap((path, i) => {
    const origin = `/linux/${field}/${i}`;
    if (path === "") {
      findings.warn(origin, "is empty, which names no path; it is left out");
      return [];
    }
    if (!path.startsWith("/")) {
      findings.warn(origin, `${show(path)} is relative; it is taken from the container's root`);
    }
    return { path: cleanPath(`/${path}`), origin };
  });
}

/** The runtime-spec defines no flags yet, so none can be meant. */
export function checkPersonality(
  { domain, flags = [] }: NonNullable<LinuxConfig["personality"]>,
  findings: Findings,
): PersonalityDomain {
  if (flags.length > 0) {
    findings.problem(
      "/linux/personality/flags",
      `unsupported personality flags: ${flags.join(", ")}; there are none yet`,
    );
  }
  return domain;
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
