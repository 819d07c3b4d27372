/** Whether this host has AppArmor, and it is on (`apparmor=1`). */
export function hasAppArmor(): boolean {
  return readOptional("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") === true;
}

/** Whether this host has SELinux with a policy: as libselinux, its file system is mounted, and processes have labels of it. */
export function hasSelinux(): boolean {
  if (readOptional("/proc/self/mountinfo")?.includes(" - selinuxfs ") !== true) return false;
  const current = readOptional("/proc/self/attr/current")?.replace(/\0.*/s, "") ?? "";
  return current !== "" && current !== "kernel";
}

function readOptional(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Not there, or nobody of the kernel's modules answers.
    return null;
  }
}
