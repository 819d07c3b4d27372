import { hostLayout } from "runtime/cgroups/host_layout.ts";

/**
 * A place in which the program, as root, may be given anything: namespaces of its own (mount, pid, network, ipc, uts, cgroup), a root
 * on a tmpfs where the host's files are read-only or missing, cgroups below one of its own with limits and without block
 * devices, and none of the capabilities that reach the machine itself. What is in it ends with its first process.
 */
export interface SandboxOptions {
  /** Folders of the host that are shown inside, read-only. */
  readonly shown: readonly string[];
  /** Folders that are shown with changes to them kept inside. */
  readonly copied: readonly string[];
  /** The folder that is shown as /findings and may be written. */
  readonly findings: string;
  readonly command: readonly string[];
}

/** What the machine itself could be harmed with. */
const REFUSED = "sys_boot sys_module sys_rawio syslog wake_alarm mac_admin mac_override sys_pacct";

const MEMORY = 3 * 2 ** 30;

/** Enters the cgroups, which then are the roots of the cgroup namespace; those of version 2 want processes in leaves only. */
const ENTER = `
for dir in $OLD_CGROUPS $NEW_CGROUP; do echo 0 >"$dir/cgroup.procs"; done
exec unshare --cgroup sh -euc "$LEAVE" sh "$@"
`;

const LEAVE = `
if [ -n "$NEW_CGROUP" ]; then
  mkdir "$NEW_CGROUP/fuzzer"
  echo 0 >"$NEW_CGROUP/fuzzer/cgroup.procs"
fi
exec unshare --mount --pid --fork --kill-child --ipc --uts --net --propagation private \\
  sh -euc "$FURNISH" sh "$@"
`;

const FURNISH = `
cd "$BASE"
mount -t tmpfs -o mode=755,size=2g fuzz "$BASE"
cd "$BASE"
mkdir -p proc sys dev run tmp root findings old var/tmp
mount -t tmpfs -o mode=1777,size=1g tmp tmp
mount -t tmpfs -o mode=755 run run
show() {
  mkdir -p ".$1"
  mount --bind "$1" ".$1"
  mount -o remount,bind,ro ".$1"
}
copy() {
  mkdir -p ".$1" "run/copy$1/upper" "run/copy$1/work"
  mount -t overlay -o "lowerdir=$1,upperdir=run/copy$1/upper,workdir=run/copy$1/work" copy ".$1" ||
    show "$1"
}
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then cp -P "/$name" "$name"; elif [ -d "/$name" ]; then show "/$name"; fi
done
show /usr
show /etc
printf '%s' "$SHOWN" | while IFS= read -r dir; do show "$dir"; done
printf '%s' "$COPIED" | while IFS= read -r dir; do copy "$dir"; done
mount --bind "$FINDINGS" findings
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
printf '%s' "$MOUNTS" | while read -r type options dir; do
  case $dir in /sys/fs/cgroup) ;; *)
    mountpoint -q sys/fs/cgroup || mount -t tmpfs -o mode=755 cgroups sys/fs/cgroup
    mkdir -p ".$dir" ;;
  esac
  mount -t "$type" -o "$options" cgroup ".$dir"
done
mount -t tmpfs -o mode=755,size=64k dev dev
for name in null zero full random urandom tty; do
  : >"dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . old
cd /
umount -l /old
mount -o remount,ro /
exec setpriv --bounding-set "-$REFUSED" -- "$@"
`;

/** A sandbox that runs. */
export interface Sandbox {
  /** The status of its command. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Ends everything in it at once. */
  end(): void;
  /** Takes away what is left of it on the host, after its end. */
  remove(): void;
}

/** Runs a command as process 1 of a new sandbox. Needs root, and util-linux. */
export function startSandbox(options: SandboxOptions): Sandbox {
  const base = Deno.makeTempDirSync({ prefix: "ocirt-fuzz-" });
  const cgroups = makeCgroups(`ocirt-fuzz-${base.slice(base.lastIndexOf("-") + 1)}`);
  const lines = (list: readonly string[]): string => list.map((line) => `${line}\n`).join("");
  const child = new Deno.Command("sh", {
    args: ["-euc", ENTER, "sh", ...options.command],
    stdin: "null",
    env: {
      BASE: base,
      LEAVE,
      FURNISH,
      REFUSED: REFUSED.replaceAll(" ", ",-"),
      SHOWN: lines(options.shown),
      COPIED: lines(options.copied),
      FINDINGS: options.findings,
      OLD_CGROUPS: cgroups.filter(({ version }) => version === 1).map(({ dir }) => dir).join(" "),
      NEW_CGROUP: cgroups.find(({ version }) => version === 2)?.dir ?? "",
      MOUNTS: lines(cgroups.map(({ mount }) => mount)),
      HOME: "/root",
      TMPDIR: "/tmp",
    },
  }).spawn();
  return {
    status: child.status,
    end: () => child.kill("SIGKILL"),
    remove: () => {
      for (const { dir } of cgroups) removeCgroups(dir);
      Deno.removeSync(base);
    },
  };
}

interface Cgroup {
  readonly version: 1 | 2;
  readonly dir: string;
  /** Type, options and mountpoint inside. */
  readonly mount: string;
}

function makeCgroups(name: string): Cgroup[] {
  return hostLayout().hierarchies.map(({ version, controllers, mountpoint }) => {
    const dir = `${mountpoint}/${name}`;
    Deno.mkdirSync(dir);
    if (controllers.includes("cpuset")) {
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        const value = Deno.readTextFileSync(`${mountpoint}/${file}`).trim();
        Deno.writeTextFileSync(`${dir}/${file}`, value);
      }
    }
    const type = version === 1 ? "cgroup" : "cgroup2";
    // A named tree has no controller.
    const names = controllers.map((it) => it.startsWith("name=") ? `none,${it}` : it).join(",");
    limit(dir, { "memory.limit_in_bytes": MEMORY, "memory.max": MEMORY, "pids.max": 500 });
    // Every container may make nodes of block devices, so that is left to them.
    limit(dir, { "devices.deny": "b *:* rw" });
    return { version, dir, mount: `${type} ${version === 1 ? names : "rw"} ${mountpoint}` };
  });
}

/** Writes those limits whose files are there. */
function limit(dir: string, values: Readonly<Record<string, string | number>>): void {
  for (const [file, value] of Object.entries(values)) {
    try {
      Deno.writeTextFileSync(`${dir}/${file}`, String(value), { create: false });
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    }
  }
}

/** A cgroup can be removed when its last process has been reaped, which takes a moment. */
function removeCgroups(dir: string): void {
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (isDirectory) removeCgroups(`${dir}/${name}`);
  }
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      return Deno.removeSync(dir);
    } catch (cause) {
      if (performance.now() > end) throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
