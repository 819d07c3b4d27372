import { cleanPath } from "../clean_path.ts";
import type { LinuxConfig } from "../config.ts";
import type { ValidationContext } from "../context.ts";
import { pointerTo, show } from "../show.ts";
import type { ValidDevice, ValidNamespace, ValidNetDevice } from "../valid.ts";
import type { Findings } from "./findings.ts";
import { findNamespace } from "./namespaces.ts";

/** dev_t as the kernel keeps it: 12 bits and 20 bits (linux/kdev_t.h). */
const HIGHEST = { major: 0xfff, minor: 0xfffff } as const;

type DeviceConfig = NonNullable<LinuxConfig["devices"]>[number];

export function checkDevices(linux: LinuxConfig, findings: Findings): ValidDevice[] {
  const valid: ValidDevice[] = [];
  for (const [i, device] of (linux.devices ?? []).entries()) {
    const origin = `/linux/devices/${i}`;
    const one: ValidDevice = {
      type: device.type,
      path: checkPath(device, origin, findings),
      major: checkNumber(device, "major", origin, findings),
      minor: checkNumber(device, "minor", origin, findings),
      // Callers hand over st_mode with the file type in it.
      mode: (device.fileMode ?? 0o666) & 0o7777,
      uid: device.uid ?? 0,
      gid: device.gid ?? 0,
      origin,
    };
    const other = valid.find(({ path }) => path === one.path);
    if (other !== undefined && !isSameNode(one, other)) {
      findings.problem(`${origin}/path`, `${show(one.path)} is another device at ${other.origin}`);
    }
    valid.push(one);
  }
  return valid;
}

/** "u" is an old word for "c". */
function isSameNode(a: ValidDevice, b: ValidDevice): boolean {
  const kind = ({ type }: ValidDevice): string => type === "u" ? "c" : type;
  return kind(a) === kind(b) && a.major === b.major && a.minor === b.minor;
}

function checkPath({ path }: DeviceConfig, origin: string, findings: Findings): string {
  const clean = cleanPath(`/${path}`);
  if (clean === "/") findings.problem(`${origin}/path`, `${show(path)} names no file`);
  else if (!path.startsWith("/")) {
    findings.warn(`${origin}/path`, `${show(path)} is relative; it is taken as ${clean}`);
  }
  return clean;
}

function checkNumber(
  device: DeviceConfig,
  field: "major" | "minor",
  origin: string,
  findings: Findings,
): number {
  // A fifo has no numbers, whatever the file says.
  if (device.type === "p") return 0;
  const value = device[field];
  if (value === undefined) {
    findings.problem(
      `${origin}/${field}`,
      `is missing; a device of type "${device.type}" requires it`,
    );
    return 0;
  }
  if (value < 0 || value > HIGHEST[field]) {
    findings.problem(`${origin}/${field}`, `${value} is not in the range 0 to ${HIGHEST[field]}`);
  }
  return Number(value);
}

/** `IFNAMSIZ` of linux/if.h, which counts the NUL at the end. */
const INTERFACE_NAME_SIZE = 16;

/** As `dev_valid_name` of the kernel (net/core/dev.c). */
function isInterfaceName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/:\s]/.test(name) &&
    new TextEncoder().encode(name).length < INTERFACE_NAME_SIZE;
}

/** As `dev_alloc_name` of the kernel: one `%d` for a number, and no other use of `%`. */
function isNameTemplate(name: string): boolean {
  return !name.replace("%d", "").includes("%");
}

export function checkNetDevices(
  linux: LinuxConfig,
  namespaces: readonly ValidNamespace[],
  context: ValidationContext,
  findings: Findings,
): ValidNetDevice[] {
  const devices = Object.entries(linux.netDevices ?? {});
  if (devices.length === 0) return [];
  if (findNamespace(namespaces, "network") === undefined) {
    findings.problem(
      "/linux/netDevices",
      "unable to move network devices without a NET namespace",
    );
  }
  if (context.facts.euid !== 0) {
    findings.problem(
      "/linux/netDevices",
      "network devices are not supported for rootless containers",
    );
  }
  const taken = new Map<string, string>();
  return devices.map(([hostName, { name: given = "" }]) => {
    const origin = `/linux/netDevices${pointerTo(hostName)}`;
    const name = given === "" ? hostName : given;
    for (const one of new Set([hostName, name])) {
      if (!isInterfaceName(one) || one === given && !isNameTemplate(one)) {
        findings.problem(origin, `invalid network device name ${show(one)}`);
      }
    }
    const other = taken.get(name);
    // With %d in it a free name is picked for each.
    if (other !== undefined && !name.includes("%")) {
      findings.problem(`${origin}/name`, `${show(name)} is also the name for ${other}`);
    }
    taken.set(name, origin);
    return { hostName, name, origin };
  });
}
