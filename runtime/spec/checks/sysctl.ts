import type { Config } from "../config.ts";
import type { ValidationContext } from "../context.ts";
import { pointerTo, show } from "../show.ts";
import type { ValidNamespace, ValidSpec } from "../valid.ts";
import type { Findings } from "./findings.ts";
import { findNamespace } from "./namespaces.ts";

/** The settings below `kernel.` that belong to an ipc namespace (ipc_namespaces(7)). */
const IPC_SETTINGS: readonly string[] = [
  "kernel/msgmax",
  "kernel/msgmnb",
  "kernel/msgmni",
  "kernel/sem",
  "kernel/shmall",
  "kernel/shmmax",
  "kernel/shmmni",
  "kernel/shm_rmid_forced",
];

/** Only settings that belong to a namespace of the container may be written; the others are the host's. */
export function checkSysctl(
  { domainname = "", linux: { sysctl = {} } = {} }: Pick<Config, "domainname" | "linux">,
  namespaces: readonly ValidNamespace[],
  context: ValidationContext,
  findings: Findings,
): ValidSpec["sysctl"] {
  return Object.entries(sysctl).map(([key, value]) => {
    const origin = `/linux/sysctl${pointerTo(key)}`;
    const path = sysctlPath(key);
    const fault = pathFault(path, key) ?? namespaceFault(path, key, namespaces, context) ??
      domainFault(path, key, domainname === "" || domainname === value);
    if (fault !== null) findings.problem(origin, fault);
    return { path, value, origin };
  });
}

/**
 * A key as a path below /proc/sys, by the rule of sysctl(8): the first separator, `.` or `/`, is the one that separates, and
 * the other one stands for it inside a name (`net.ipv4.conf.eth0/100.forwarding`).
 */
export function sysctlPath(key: string): string {
  const slash = key.indexOf("/");
  const dot = key.indexOf(".");
  if (slash < 0) return key.replaceAll(".", "/");
  if (dot < 0 || slash < dot) return key;
  return key.replace(/[./]/g, (mark) => mark === "." ? "/" : ".");
}

function pathFault(path: string, key: string): string | null {
  const isOdd = path.split("/").some((part) => part === "" || part === "." || part === "..");
  return isOdd ? `sysctl ${show(key)} is no path below /proc/sys` : null;
}

function domainFault(path: string, key: string, agrees: boolean): string | null {
  if (path !== "kernel/domainname" || agrees) return null;
  return `sysctl ${show(key)} is not allowed as it conflicts with the OCI "domainname" field`;
}

function namespaceFault(
  path: string,
  key: string,
  namespaces: readonly ValidNamespace[],
  context: ValidationContext,
): string | null {
  const has = (type: ValidNamespace["type"]): boolean =>
    findNamespace(namespaces, type) !== undefined;
  if (IPC_SETTINGS.includes(path) || path.startsWith("fs/mqueue/")) {
    return has("ipc") ? null : `sysctl ${show(key)} is not allowed in the hosts ipc namespace`;
  }
  if (path.startsWith("net/")) {
    const net = findNamespace(namespaces, "network");
    const isHost = net === undefined ||
      (net.path !== null && context.namespaceIsHost?.("network", net.path) === true);
    return isHost ? `sysctl ${show(key)} not allowed in host network namespace` : null;
  }
  if (path === "kernel/domainname" && has("uts")) return null;
  if (path === "kernel/hostname" && has("uts")) {
    return `sysctl ${show(key)} is not allowed as it conflicts with the OCI "hostname" field`;
  }
  if (path.startsWith("user/")) {
    return has("user")
      ? null
      : `setting ucounts without a user namespace not allowed: ${show(key)}`;
  }
  return `sysctl ${show(key)} is not in a separate kernel namespace`;
}
