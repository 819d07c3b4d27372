import { blockDevice, controllerPlace, readText, weightFile } from "./limit_files.ts";
import { cannotMakeClientRoot } from "scripts/test/client_root.ts";
import { findProgram } from "scripts/test/find_program.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
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

/** A controller in any tree (`cgroup:memory`), or in one of version 1 or 2. */
type Controller = `${"cgroup" | "cgroup1" | "cgroup2"}:${string}`;

/** What a test needs of the machine it runs on; `cgroup1` is a controller in a tree of version 1. */
export type Need =
  | "root"
  | "overlay"
  | "numa"
  | "cgroup1"
  | "cgroup2"
  | "cgroup2 alone"
  | "clients"
  | "AppArmor"
  | "no AppArmor"
  | "SELinux"
  | "no SELinux"
  | "dirtyTracking"
  | Limit
  | Controller
  | Program;

type Program =
  | "busybox"
  | "criu"
  | "fish"
  | "losetup"
  | "mandoc"
  | "newuidmap"
  | "ps"
  | "runc"
  | "setpriv"
  | "strace"
  | "zsh";

const INSTALL: Readonly<Record<Program, string>> = {
  busybox: "apt-get install busybox-static",
  criu: "apt-get install criu",
  fish: "apt-get install fish",
  losetup: "apt-get install mount",
  mandoc: "apt-get install mandoc",
  newuidmap: "apt-get install uidmap",
  ps: "apt-get install procps",
  runc: "apt-get install runc",
  setpriv: "apt-get install util-linux",
  strace: "apt-get install strace",
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
    case "clients": {
      const reason = cannotMakeClientRoot();
      return lacksWhen(reason !== null, reason ?? "");
    }
    case "cgroup2":
      return differs(!mountinfo().includes(" - cgroup2 "), "cgroup version 2 is not mounted");
    case "cgroup2 alone":
      return differs(
        hostLayout().kind !== "v2",
        "this machine has other cgroups than those of version 2",
      );
    case "AppArmor":
      return differs(!hasAppArmor(), "AppArmor is not on in this machine's kernel") ||
        lacksProgram("apparmor_parser", "apt-get install apparmor");
    case "no AppArmor":
      return differs(hasAppArmor(), "AppArmor is on in this machine's kernel");
    case "SELinux":
      return differs(!hasSelinux(), "this machine has no SELinux policy");
    case "no SELinux":
      return differs(hasSelinux(), "this machine has an SELinux policy");
    case "criu":
      return lacksProgram(need, INSTALL[need]) || differs(...criuCheck([]));
    case "dirtyTracking":
      return differs(...criuCheck(["--feature", "mem_dirty_track"]));
    case "ps":
      return lacksProgram(need, INSTALL[need]) || lacksTable();
    default:
      if (isProgram(need)) return lacksProgram(need, INSTALL[need]);
      return isLimit(need) ? lacksLimit(need) : lacksController(need);
  }
}

/** What a limit can be tried on, and what is said where it is not there. */
const LIMITS = {
  "two CPUs": [() => navigator.hardwareConcurrency > 1, "the machine has one CPU"],
  "block device": [() => blockDevice() !== null, "the machine has no block device"],
  "block IO weights": [() => weightFile() !== null, "the kernel has no weights of block IO"],
  "BFQ": [hasBfq, "the kernel has no loop device that could be given the I/O scheduler BFQ"],
  "net_cls unmounted": [couldMountNetCls, "the kernel has no controller net_cls, or it is mounted"],
  "realtime groups": [hasRealtime, "no cgroup tree has realtime CPU time to give"],
} as const satisfies Readonly<Record<string, readonly [isThere: () => boolean, reason: string]>>;

type Limit = keyof typeof LIMITS;

function lacksLimit(need: Limit): boolean {
  const [isThere, reason] = LIMITS[need];
  if (need === "BFQ" && lacksProgram("losetup", INSTALL.losetup)) return true;
  return differs(!isThere(), reason);
}

function isLimit(need: Controller | Limit): need is Limit {
  return need in LIMITS;
}

function isProgram(need: Controller | Limit | Program): need is Program {
  return need in INSTALL;
}

/** With net_prio in one tree; the tree may be left of an earlier mount. */
function couldMountNetCls(): boolean {
  const cgroups = readText("/proc/cgroups") ?? "";
  const treeOf = (name: string): string | undefined =>
    new RegExp(`^${name}\\t(\\d+)\\t\\d+\\t1$`, "m").exec(cgroups)?.[1];
  const tree = treeOf("net_cls");
  return tree !== undefined && tree === treeOf("net_prio") && controllerPlace("net_cls") === null;
}

function hasRealtime(): boolean {
  const { root = "", version } = controllerPlace("cpu") ?? {};
  const runtime = version === 1 ? Number(readText(`${root}/cpu.rt_runtime_us`) ?? 0) : 0;
  return runtime >= 100_000;
}

function hasBfq(): boolean {
  if (controllerPlace("blkio") === null && controllerPlace("io") === null) return false;
  return weightFile()?.includes("bfq") === true &&
    /\bbfq\b/.test(readText("/sys/block/loop0/queue/scheduler") ?? "");
}

function lacksController(need: Controller): boolean {
  const [tree, name = ""] = need.split(":");
  const version = controllerPlace(name)?.version;
  const isThere = version !== undefined && (tree === "cgroup" || tree === `cgroup${version}`);
  const where = tree === "cgroup" ? "" : ` of version ${tree?.slice(-1)}`;
  return differs(!isThere, `no cgroup tree${where} has the controller ${name}`);
}

/** A machine that has one thing and not the other lacks nothing: no failure, whatever OCIRT_MUST_WORK says. */
function differs(otherwise: boolean, reason: string): boolean {
  if (otherwise) console.warn(`skipping tests: ${reason}`);
  return otherwise;
}

/** Whether criu says that it cannot do something on this kernel, and why. Another kernel or another criu is what it takes. */
function criuCheck(more: readonly string[]): [otherwise: boolean, reason: string] {
  if (findProgram("criu") === null) return [true, "criu is not there"];
  const { success, stderr } = new Deno.Command("criu", { args: ["check", ...more] }).outputSync();
  const said = new TextDecoder().decode(stderr).trim().split("\n");
  return [!success, `criu check fails on this kernel: ${said[0]}`];
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
