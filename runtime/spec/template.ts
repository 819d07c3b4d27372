import type { Config } from "./config.ts";
import type { NamespaceType } from "./valid.ts";

/** What the document that `spec` writes depends on. */
export interface TemplateOptions {
  /** The caller's ids on the host, for a container that an ordinary user can run; null for root. */
  readonly rootless: { readonly uid: number; readonly gid: number } | null;
  /** True where the host has the unified cgroup hierarchy alone. */
  readonly cgroup2: boolean;
  readonly hostname: string;
}

type Mounts = NonNullable<Config["mounts"]>;

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

/**
 * The config.json to start from, as runc writes it: indented with tabs, no newline at the end. Tools edit it by position, so the
 * order of everything in it counts.
 */
export function specTemplate(options: TemplateOptions): string {
  const config: Config = {
    ociVersion: "1.3.0",
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
      cwd: "/",
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
      },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: options.hostname,
    mounts: options.rootless === null ? mounts() : rootlessMounts(),
    linux: linux(options),
  };
  return JSON.stringify(config, null, "\t");
}

function mounts(): Mounts {
  const quiet = ["nosuid", "noexec", "nodev"];
  return [
    { destination: "/proc", type: "proc", source: "proc" },
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
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: [...quiet, "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: quiet },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...quiet, "ro"] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...quiet, "relatime", "ro"],
    },
  ];
}

/** A new sysfs needs a network namespace of the same user, and the tty group has no mapping. */
function rootlessMounts(): Mounts {
  const options = ["rbind", "nosuid", "noexec", "nodev", "ro"];
  return mounts().map((mount) => {
    if (mount.destination === "/sys") {
      return { destination: "/sys", type: "none", source: "/sys", options };
    }
    if (mount.options === undefined) return mount;
    return { ...mount, options: mount.options.filter((option) => !/^[ug]id=/.test(option)) };
  });
}

function linux({ rootless, cgroup2 }: TemplateOptions): NonNullable<Config["linux"]> {
  const types: NamespaceType[] = [
    "pid",
    ...(rootless === null ? ["network" as const] : []),
    "ipc",
    "uts",
    "mount",
    ...(cgroup2 ? ["cgroup" as const] : []),
    ...(rootless === null ? [] : ["user" as const]),
  ];
  return {
    ...(rootless === null ? { resources: { devices: [{ allow: false, access: "rwm" }] } } : {
      uidMappings: [{ containerID: 0, hostID: rootless.uid, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: rootless.gid, size: 1 }],
    }),
    namespaces: types.map((type) => ({ type })),
    maskedPaths: [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/sched_debug",
      "/sys/firmware",
      "/proc/scsi",
    ],
    readonlyPaths: [
      "/proc/bus",
      "/proc/fs",
      "/proc/irq",
      "/proc/sys",
      "/proc/sysrq-trigger",
    ],
  };
}
