/** A machine that tests run on. */
export interface Host {
  /** Name of the kernel, as the runner knows it. */
  readonly kernel: string;
  readonly cgroup: Cgroup;
  /** What process 1 is; with none nobody but the runner has made cgroups. */
  readonly init: Init;
}

const CGROUPS = ["v2", "v1", "hybrid"] as const;
const INITS = ["systemd", "none"] as const;
type Cgroup = typeof CGROUPS[number];
type Init = typeof INITS[number];

/** User-Mode Linux: quick to start and to run, so all tests run there; one CPU. */
const QUICK: readonly Host[] = [
  { kernel: "uml-sid", cgroup: "v2", init: "systemd" },
  { kernel: "uml-sid", cgroup: "v2", init: "none" },
  { kernel: "uml-sid", cgroup: "v1", init: "none" },
  { kernel: "uml-sid", cgroup: "hybrid", init: "none" },
];

/** Hosts that `deno task hosts` takes when none is named. */
export const DEFAULT_HOSTS: readonly Host[] = QUICK;

export function hostName({ kernel, cgroup, init }: Host): string {
  return `${kernel}/${cgroup}/${init}`;
}

/** Reads `KERNEL/CGROUP/INIT`; null when it is no such thing. */
export function parseHost(text: string): Host | null {
  const [kernel, cgroupText, initText, ...more] = text.split("/");
  const cgroup = CGROUPS.find((it) => it === cgroupText);
  const init = INITS.find((it) => it === initText);
  const isHost = kernel !== undefined && /^[\w.:+-]+$/.test(kernel) && more.length === 0;
  return isHost && cgroup !== undefined && init !== undefined ? { kernel, cgroup, init } : null;
}
