import { type Pid, pid } from "syscalls/abi/brand.ts";
import { testConfig } from "tests/support/bundle.ts";
import { awaitEnd, timed } from "./processes.ts";

/** A runtime in the race: how it is called, and folders of its own. */
export interface Contender {
  readonly name: string;
  /** Program and global options. */
  readonly command: readonly string[];
  /** Holds config.json; the pid file is beside it. */
  readonly bundle: string;
  /** The same command, but one that does nothing: what has to be taken off its times. Null when there is nothing. */
  readonly wrapper: readonly string[] | null;
}

/** crun refuses version 1 cgroups that have the version 2 hierarchy beside them, so there it must not see the latter. */
export const HIDE_UNIFIED = [
  "/usr/bin/unshare",
  "-m",
  "--propagation",
  "private",
  "/bin/sh",
  "-c",
  'umount /sys/fs/cgroup/unified && exec "$@"',
  "sh",
];

const ID = "bench";

/** Makes the folders of a contender and gives how it is called. */
export function prepareContender(
  { name, program, wrapper, folder, rootfs }: {
    readonly name: string;
    readonly program: string;
    readonly wrapper: readonly string[];
    readonly folder: string;
    readonly rootfs: string;
  },
): Contender {
  const bundle = `${folder}/${name}`;
  Deno.mkdirSync(`${bundle}/state`, { recursive: true, mode: 0o700 });
  const config = testConfig(rootfs, `/ocirt-bench-${name}/c`);
  // Older releases of the others refuse the newest version's number.
  config["ociVersion"] = "1.0.2";
  Deno.writeTextFileSync(`${bundle}/config.json`, JSON.stringify(config));
  return {
    name,
    command: [...wrapper, program, "--root", `${bundle}/state`],
    bundle,
    wrapper: wrapper.length === 0 ? null : [...wrapper, "/bin/true"],
  };
}

/** `run` of true in the foreground, in milliseconds. */
export function measureRun({ command, bundle }: Contender): number {
  return timed([...command, "run", "--bundle", bundle, ID]);
}

function create({ command, bundle }: Contender): { time: number; init: Pid } {
  const file = `${bundle}/pid`;
  const time = timed([...command, "create", "--bundle", bundle, "--pid-file", file, ID]);
  return { time, init: pid(Number(Deno.readTextFileSync(file))) };
}

/** create, start and delete, the time between start and delete in which true runs not counted. */
export function measureLifecycle(contender: Contender): number {
  const { command } = contender;
  const { time, init } = create(contender);
  const start = timed([...command, "start", ID]);
  awaitEnd(init);
  return time + start + timed([...command, "delete", ID]);
}

/** Calls `action` while the container is created and not started, and deletes it. */
export function withCreated(contender: Contender, action: (init: Pid) => void): void {
  const { init } = create(contender);
  action(init);
  timed([...contender.command, "delete", "--force", ID]);
  awaitEnd(init);
}

export function measureState({ command }: Contender): number {
  return timed([...command, "state", ID]);
}

/** `exec` of true in a created container. */
export function measureExec({ command }: Contender): number {
  return timed([...command, "exec", ID, "/bin/true"]);
}

/** What of the memory of a process is its own: its share of each page, in KB. */
export function proportionalSetSize(process: Pid): number {
  const text = Deno.readTextFileSync(`/proc/${process}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]);
}

/** Takes away the cgroups of all contenders in all hierarchies. */
export function removeCgroups(names: readonly string[]): void {
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo")
    .split("\n").map((line) => line.split(" "))
    .filter((fields) => /^cgroup2?$/.test(fields[fields.indexOf("-") + 1] ?? ""))
    .map((fields) => fields[4] ?? "");
  for (const mount of mounts) {
    for (
      const folder of names.flatMap((name) => [
        `ocirt-bench-${name}/c`,
        `ocirt-bench-${name}/m`,
        `ocirt-bench-${name}`,
      ])
    ) {
      try {
        Deno.removeSync(`${mount}/${folder}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}
