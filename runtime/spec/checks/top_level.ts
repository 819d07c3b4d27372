import { resolvePath } from "../clean_path.ts";
import type { Config } from "../config.ts";
import type { ValidationContext } from "../context.ts";
import { show } from "../show.ts";
import type { ValidNamespace, ValidRoot } from "../valid.ts";
import type { Findings } from "./findings.ts";

/** `__NEW_UTS_LEN` of linux/utsname.h. */
const LONGEST_UTS_NAME = 64;

/** Any 1.x and what came before it; other major versions may mean something else by the same words. */
export function checkVersion({ ociVersion }: Config, findings: Findings): void {
  const major = Number.parseInt(ociVersion);
  if (Number.isNaN(major)) {
    findings.warn("/ociVersion", `${show(ociVersion)} is not a version number`);
  } else if (major > 1) {
    findings.problem("/ociVersion", `${show(ociVersion)} is not supported; versions up to 1.x are`);
  }
}

/** Whether the folder is there is the host's to say. */
export function checkRoot(
  { root }: Config,
  context: ValidationContext,
  findings: Findings,
): ValidRoot {
  if (root === undefined) findings.problem("/root", "root must be specified");
  else if (root.path === "") findings.problem("/root/path", "must not be empty");
  return {
    kind: "directory",
    path: resolvePath(context.bundle, root?.path ?? ""),
    readonly: root?.readonly ?? false,
  };
}

/** In UTF-8, for names too short to matter at most that: an encoder costs more than the rest of the check. */
function byteLength(name: string): number {
  const most = name.length * 3;
  return most <= LONGEST_UTS_NAME ? most : new TextEncoder().encode(name).length;
}

/** Hostname or domainname; null where the file has none. */
export function checkUtsName(
  config: Config,
  field: "hostname" | "domainname",
  namespaces: readonly ValidNamespace[],
  findings: Findings,
): string | null {
  const name = config[field];
  if (name === undefined || name === "") return null;
  if (!namespaces.some(({ type }) => type === "uts")) {
    findings.problem(`/${field}`, `unable to set ${field} without a private UTS namespace`);
  }
  if (byteLength(name) > LONGEST_UTS_NAME) {
    findings.problem(`/${field}`, `${show(name)} is longer than ${LONGEST_UTS_NAME} bytes`);
  }
  return name;
}
