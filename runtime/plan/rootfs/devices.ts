import type { ValidDevice } from "runtime/spec/valid.ts";
import type { PlanInput } from "../input.ts";
import { inUserNamespace } from "../namespaces.ts";
import type { Step } from "../step.ts";

/** The devices every container has (config-linux.md, "Default Devices"): name, major, minor. */
export const DEFAULT_DEVICES: readonly (readonly [string, number, number])[] = [
  ["null", 1, 3],
  ["zero", 1, 5],
  ["full", 1, 7],
  ["random", 1, 8],
  ["urandom", 1, 9],
  ["tty", 5, 0],
];

/** Symlinks in /dev that every container has: path, target. */
const DEFAULT_SYMLINKS: readonly (readonly [string, string])[] = [
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
];

/** Not every kernel has it (CONFIG_PROC_KCORE). */
const KCORE = "/proc/kcore";

/** Device nodes and links, unless /dev is a bind of somebody else's: that one is left as it is. */
export function deviceSteps(input: PlanInput): Step[] {
  const { spec } = input;
  if (spec.mounts.some(({ destination, bind }) => destination === "/dev" && bind !== "none")) {
    return [];
  }
  const listed = new Set(spec.devices.map(({ path }) => path));
  const defaults = DEFAULT_DEVICES.filter(([name]) => !listed.has(`/dev/${name}`)).map((
    [name, major, minor],
  ): ValidDevice => ({
    type: "c",
    path: `/dev/${name}`,
    major,
    minor,
    mode: 0o666,
    uid: 0,
    gid: 0,
    origin: "",
  }));
  return [
    // The link below stands in its place whatever the file says (config-linux.md, "Default Devices").
    ...[...defaults, ...spec.devices.filter(({ path }) => path !== "/dev/ptmx")].map((device) =>
      deviceStep(device, input)
    ),
    ...DEFAULT_SYMLINKS.map(([path, target]) => symlinkStep(path, target, false)),
    { ...symlinkStep("/dev/core", KCORE, false), where: KCORE },
    symlinkStep("/dev/ptmx", "pts/ptmx", true),
  ];
}

function deviceStep(device: ValidDevice, input: PlanInput): Step {
  const { type, path, major, minor, mode, uid, gid, origin } = device;
  // A fifo needs no privilege; everything else is a device node, which a user namespace may not make.
  const how = type !== "p" && inUserNamespace(input) ? "bind" : "node";
  const what = type === "p" ? "fifo" : `device ${type === "u" ? "c" : type} ${major}:${minor}`;
  const kind = type === "u" ? "c" : type;
  return {
    kind: "makeDevice",
    type: kind,
    path,
    major,
    minor,
    mode,
    uid,
    gid,
    how,
    mayExist: mayExist(path, input),
    label: `make ${what} at ${JSON.stringify(path)}`,
    origin,
  };
}

/** Nothing is in a /dev that was mounted just now, but what other mounts and devices put there. */
function mayExist(path: string, { spec }: PlanInput): boolean {
  const fresh = spec.mounts.some(({ destination, type }) =>
    destination === "/dev" && type === "tmpfs"
  );
  const plain = path.startsWith("/dev/") && path.indexOf("/", "/dev/".length) < 0;
  return !fresh || !plain || spec.mounts.some(({ destination }) => destination === path) ||
    spec.devices.filter((device) => device.path === path).length > 1;
}

function symlinkStep(
  path: string,
  target: string,
  replace: boolean,
): Step & { readonly kind: "makeSymlink" } {
  const label = `link ${JSON.stringify(path)} to ${JSON.stringify(target)}`;
  return { kind: "makeSymlink", target, path, replace, where: null, label, origin: "" };
}
