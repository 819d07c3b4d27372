/** What `ocirt sandbox` was asked for. Paths are absolute. */
export interface SandboxOptions {
  readonly binds: readonly {
    readonly source: string;
    readonly destination: string;
    readonly readonly: boolean;
  }[];
  /** Share the host's network. */
  readonly net: boolean;
  /** Directories of the host that what is written in them reaches. */
  readonly rw: readonly string[];
  readonly command: readonly [string, ...string[]];
}

/** What the configuration takes over from the caller and the host. */
export interface SandboxHost {
  /** `KEY=value` each. */
  readonly environ: readonly string[];
  readonly cwd: string;
  /** Text of /proc/self/mountinfo. */
  readonly mountinfo: string;
  /** An ordinary caller's ids, of which the sandbox's root is another name; null for root. */
  readonly rootless: { readonly uid: number; readonly gid: number } | null;
  /** The host's directories that are overlays; none where the whole root is one, or nothing is. */
  readonly layers: readonly string[];
  /** Whether there is the group 5 that terminals usually have. */
  readonly hasTtyGroup: boolean;
}

/** What root of a container usually may (Docker's list): enough to install packages, not to touch the host. */
const CAPABILITIES: readonly string[] = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

const MASKED: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
];

const READONLY: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** File systems that hold a host's files; an overlay of `/` does not see what is mounted below it. */
const FILE_HOLDING =
  /^(ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|erofs|squashfs|overlay|vfat|exfat|nfs4?|9p|virtiofs|fuse\..*)$/;

/** Folders that a sandbox gets anew, so that nothing of the host's is mounted there. */
const OWN: readonly string[] = ["/dev", "/proc", "/run", "/sys"];

const NO_EXTRAS = ["nosuid", "noexec", "nodev"];

/** A config.json, but for the root: this host's own, to be overlaid. */
export function sandboxConfig(options: SandboxOptions, host: SandboxHost): unknown {
  const { net, rw, binds, command } = options;
  const { rootless } = host;
  const namespaces = ["pid", "ipc", "uts", "mount", "cgroup", ...net ? [] : ["network"]];
  if (rootless !== null) namespaces.push("user");
  const all = [...CAPABILITIES];
  return {
    ociVersion: "1.3.0",
    root: { path: "/" },
    hostname: "sandbox",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: command,
      env: host.environ,
      cwd: host.cwd,
      capabilities: { bounding: all, effective: all, permitted: all },
    },
    mounts: [
      ...host.layers.length > 0
        ? []
        : hostMounts(host.mountinfo).map((path) => bind(path, path, true)),
      ...ownMounts(host),
      ...binds.map(({ source, destination, readonly }) => bind(source, destination, readonly)),
      ...rw.map((path) => bind(path, path, false)),
    ],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      ...rootless === null ? {} : {
        uidMappings: [{ containerID: 0, hostID: rootless.uid, size: 1 }],
        gidMappings: [{ containerID: 0, hostID: rootless.gid, size: 1 }],
      },
      maskedPaths: MASKED,
      readonlyPaths: READONLY,
    },
  };
}

function ownMounts({ rootless, hasTtyGroup }: SandboxHost): readonly unknown[] {
  if (rootless === null && hasTtyGroup) return OWN_MOUNTS;
  return OWN_MOUNTS.map(({ options, ...mount }) => ({
    ...mount,
    options: options.filter((option) => option !== "gid=5"),
  }));
}

const OWN_MOUNTS = [
  { destination: "/proc", type: "proc", source: "proc", options: NO_EXTRAS },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...NO_EXTRAS, "mode=1777"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: NO_EXTRAS },
  { destination: "/run", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=755"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: [...NO_EXTRAS, "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: [...NO_EXTRAS, "ro"],
  },
];

function bind(source: string, destination: string, readonly: boolean): unknown {
  return { type: "bind", source, destination, options: ["rbind", readonly ? "rro" : "rw"] };
}

/** Mount points of file systems that hold files, parents first, without those below the sandbox's own folders. */
export function hostMounts(mountinfo: string): readonly string[] {
  const found = new Set<string>();
  for (const { path, type } of mountPoints(mountinfo)) {
    const own = OWN.some((folder) => path === folder || path.startsWith(`${folder}/`));
    if (path !== "/" && path !== "" && !own && FILE_HOLDING.test(type)) found.add(path);
  }
  return [...found].sort();
}

/** Those of some directories that an overlay can show whole, since nothing is mounted below them; outer ones first. */
export function layersOf(directories: readonly string[], mountinfo: string): readonly string[] {
  const mounted = mountPoints(mountinfo).map(({ path }) => path);
  const isWhole = (path: string): boolean =>
    !OWN.some((own) => path === own || path.startsWith(`${own}/`)) &&
    // Such a character would have a meaning in the options of overlayfs.
    !/[\\:,]/.test(path) && !mounted.some((it) => it.startsWith(`${path}/`));
  return [...new Set(directories)].filter((path) => path !== "/" && isWhole(path)).sort();
}

function mountPoints(mountinfo: string): { readonly path: string; readonly type: string }[] {
  return mountinfo.split("\n").map((line) => {
    const fields = line.split(" ");
    const type = fields[fields.indexOf("-") + 1] ?? "";
    const path = (fields[4] ?? "").replace(
      /\\([0-7]{3})/g,
      (_, octal: string) => String.fromCharCode(parseInt(octal, 8)),
    );
    return { path, type };
  });
}
