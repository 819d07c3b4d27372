import { OCIRT, type Result, runProgram } from "./ocirt.ts";
import type { Stage } from "./stage.ts";

/**
 * A folder in place of the kernel's resctrl file system, which few processors have. A command sees it at /sys/fs/resctrl, in a mount
 * namespace of its own. What the kernel puts into a new group, and takes away with it, the test has to.
 */
export class FakeResctrl {
  readonly #stage: Stage;
  readonly dir: string;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.dir = `${stage.dir}/fake/resctrl`;
    Deno.mkdirSync(`${stage.dir}/fake/cgroup`, { recursive: true });
    this.write("schemata", "L3:0=fffff;1=fffff\n    MB:0=100;1=100\n");
    this.write("tasks", "");
    this.write("info/last_cmd_status", "ok\n");
    this.write("info/L3/cbm_mask", "fffff\n");
    this.write("info/L3/min_cbm_bits", "1\n");
    this.write("info/L3/num_closids", "16\n");
    this.write("info/MB/bandwidth_gran", "10\n");
    this.write("info/MB/delay_linear", "1\n");
    this.write("info/MB/min_bandwidth", "10\n");
    this.write("info/MB/num_closids", "8\n");
    this.write("info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
  }

  /** A class that is there before. */
  addClass(name: string, schemata: string): void {
    this.write(`${name}/schemata`, schemata);
    this.write(`${name}/tasks`, "");
    Deno.mkdirSync(`${this.dir}/${name}/mon_groups`);
  }

  write(path: string, text: string): void {
    const file = `${this.dir}/${path}`;
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }

  /** The text of a file; null where there is none. */
  read(path: string): string | null {
    return this.has(path) ? Deno.readTextFileSync(`${this.dir}/${path}`) : null;
  }

  has(path: string): boolean {
    try {
      Deno.lstatSync(`${this.dir}/${path}`);
      return true;
    } catch {
      return false;
    }
  }

  /** What the kernel does when a group is removed: its files go with it. */
  empty(path: string): void {
    for (const { name } of Deno.readDirSync(`${this.dir}/${path}`)) {
      Deno.removeSync(`${this.dir}/${path}/${name}`, { recursive: true });
    }
  }

  /** Runs the executable where it sees this folder. */
  ocirt(...args: readonly string[]): Result {
    const lines = [
      'mount --rbind /sys/fs/cgroup "$1/cgroup"',
      "mount -t tmpfs fake /sys/fs",
      "mkdir /sys/fs/cgroup /sys/fs/resctrl",
      'mount --move "$1/cgroup" /sys/fs/cgroup',
      'mount --bind "$1/resctrl" /sys/fs/resctrl',
      "shift",
      'exec "$@"',
    ];
    const script = ["sh", "-ec", lines.join("\n"), "sh", `${this.#stage.dir}/fake`];
    const command = [OCIRT, "--root", this.#stage.root, ...args];
    return runProgram(["unshare", "-m", "--propagation", "private", ...script, ...command]);
  }
}
