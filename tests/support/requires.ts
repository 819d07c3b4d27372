import { findProgram } from "scripts/test/find_program.ts";
import { hasAppArmor, hasSelinux } from "runtime/host/security_modules.ts";

/**
 * Whether a test that needs a program must be skipped; it says so, since a skip that nobody sees looks like a success.
 * @throws {Error} in place of a skip when OCIRT_MUST_WORK is 1
 */
export function lacksProgram(program: string, install: string): boolean {
  if (findProgram(program) !== null) return false;
  const reason = `Cannot run ${program}: ENOENT (No such file or directory); hint: ${install}`;
  if (Deno.env.get("OCIRT_MUST_WORK") === "1") throw new Error(reason);
  console.warn(`skipping tests: ${reason}`);
  return true;
}

/** What a test needs of the machine it runs on; `cgroup1` is a controller in a tree of version 1. */
export type Need =
  | "root"
  | "overlay"
  | "numa"
  | "cgroup1"
  | "cgroup2"
  | "AppArmor"
  | "no AppArmor"
  | "SELinux"
  | "no SELinux"
  | Program;

type Program = "busybox" | "fish" | "mandoc" | "ps" | "runc" | "setpriv" | "zsh";

const INSTALL: Readonly<Record<Program, string>> = {
  busybox: "apt-get install busybox-static",
  fish: "apt-get install fish",
  mandoc: "apt-get install mandoc",
  ps: "apt-get install procps",
  runc: "apt-get install runc",
  setpriv: "apt-get install util-linux",
  zsh: "apt-get install zsh",
};

/**
 * Whether a test must be skipped for want of something, told once for each.
 * @throws {Error} in place of a skip when OCIRT_MUST_WORK is 1
 */
export function requires(...needs: readonly Need[]): boolean {
  return needs.map(lacks).includes(true);
}

const LACKS = new Map<Need, boolean>();

function lacks(need: Need): boolean {
  const known = LACKS.get(need);
  if (known !== undefined) return known;
  const missing = probe(need);
  LACKS.set(need, missing);
  return missing;
}

function probe(need: Need): boolean {
  switch (need) {
    case "root":
      return lacksWhen(Deno.uid() !== 0, "Cannot make containers: the caller is not root");
    case "overlay":
      return lacksWhen(
        !/\toverlay$/m.test(Deno.readTextFileSync("/proc/filesystems")),
        "Cannot mount overlay: ENODEV (No such device)",
      );
    case "numa":
      return lacksWhen(
        !exists("/proc/self/numa_maps"),
        "Cannot read /proc/self/numa_maps: ENOENT (No such file or directory)",
      );
    case "cgroup1":
      return differs(
        !/ - cgroup \S+ \S*\b(?:cpu|memory|pids|freezer|devices)\b/.test(mountinfo()),
        "no controller is mounted as cgroup version 1",
      );
    case "cgroup2":
      return differs(!mountinfo().includes(" - cgroup2 "), "cgroup version 2 is not mounted");
    case "AppArmor":
      return differs(!hasAppArmor(), "AppArmor is not on in this machine's kernel") ||
        lacksProgram("apparmor_parser", "apt-get install apparmor");
    case "no AppArmor":
      return differs(hasAppArmor(), "AppArmor is on in this machine's kernel");
    case "SELinux":
      return differs(!hasSelinux(), "this machine has no SELinux policy");
    case "no SELinux":
      return differs(hasSelinux(), "this machine has an SELinux policy");
    case "ps":
      return lacksProgram(need, INSTALL[need]) || lacksTable();
    default:
      return lacksProgram(need, INSTALL[need]);
  }
}

/** A machine that has one thing and not the other lacks nothing: no failure, whatever OCIRT_MUST_WORK says. */
function differs(otherwise: boolean, reason: string): boolean {
  if (otherwise) console.warn(`skipping tests: ${reason}`);
  return otherwise;
}

function mountinfo(): string {
  return Deno.readTextFileSync("/proc/self/mountinfo");
}

function lacksWhen(missing: boolean, reason: string): boolean {
  if (!missing) return false;
  if (Deno.env.get("OCIRT_MUST_WORK") === "1") throw new Error(reason);
  console.warn(`skipping tests: ${reason}`);
  return true;
}

/**
 * Whether a test must be skipped because systemd does not run this machine; never a failure, since nothing could be
 * installed to change that.
 */
export function lacksSystemd(): boolean {
  try {
    if (Deno.lstatSync("/run/systemd/system").isDirectory) return false;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  console.warn("skipping tests: Cannot call systemd: it is not process 1 of this machine");
  return true;
}

/** Where the kernel does not say since when it runs, ps has no table for anybody. */
function lacksTable(): boolean {
  const { success, stderr } = new Deno.Command("ps", { args: ["-ef"] }).outputSync();
  const reason = new TextDecoder().decode(stderr).trim();
  return lacksWhen(!success, `Cannot show processes with ps -ef: ${reason}`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
