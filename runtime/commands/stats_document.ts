import type { ContainerStats } from "runtime/lifecycle/events.ts";

type Document = Record<string, unknown>;
type Pressure = ContainerStats["cpu"]["pressure"];
type MemoryUse = ContainerStats["memory"]["usage"];
type Resctrl = NonNullable<ContainerStats["resctrl"]>;
type Blkio = ContainerStats["blkio"]["tables"];

/** What a container uses, with the keys of runc's types.Stats, in their order. */
export function statsDocument(stats: ContainerStats): Document {
  return {
    cpu: cpu(stats.cpu),
    cpuset: cpuset(stats.cpuset),
    memory: memory(stats.memory),
    pids: present({ current: stats.pids.current, limit: stats.pids.limit }),
    blkio: blkio(stats.blkio),
    hugetlb: hugetlb(stats.hugetlb),
    intel_rdt: stats.resctrl === null ? {} : intelRdt(stats.resctrl),
    // runc knows a container's devices only where it made them, which no configuration asks it to.
    network_interfaces: null,
  };
}

/** Without what is zero or empty, as an encoder of Go leaves it out (`omitempty`). */
function present(fields: Document): Document {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value)));
}

function isNothing(value: unknown): boolean {
  if (value === 0n || value === "" || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** A struct that Go leaves out when all of it is zero (`omitzero`), and whose own fields it may print nevertheless. */
function unlessZero(document: Document): Document | null {
  return Object.values(document).every(isNothing) ? null : document;
}

function cpu(stats: ContainerStats["cpu"]): Document {
  const usage = {
    ...present({
      total: stats.total,
      percpu: stats.perCpu,
      percpu_kernel: stats.perCpuKernel,
      percpu_user: stats.perCpuUser,
    }),
    kernel: stats.kernel,
    user: stats.user,
  };
  const throttling = present({
    periods: stats.periods,
    throttledPeriods: stats.throttledPeriods,
    throttledTime: stats.throttledTime,
  });
  return present({ usage: unlessZero(usage), throttling, psi: psi(stats.pressure) });
}

function cpuset(stats: ContainerStats["cpuset"]): Document {
  return {
    ...present({ cpus: stats.cpus }),
    cpu_exclusive: stats.cpuExclusive,
    ...present({ mems: stats.mems }),
    mem_hardwall: stats.memHardwall,
    mem_exclusive: stats.memExclusive,
    memory_migrate: stats.memoryMigrate,
    memory_spread_page: stats.memorySpreadPage,
    memory_spread_slab: stats.memorySpreadSlab,
    memory_pressure: stats.memoryPressure,
    sched_load_balance: stats.schedLoadBalance,
    sched_relax_domain_level: stats.schedRelaxDomainLevel,
  };
}

function memory(stats: ContainerStats["memory"]): Document {
  return present({
    cache: stats.cache,
    usage: unlessZero(memoryUse(stats.usage)),
    swap: unlessZero(memoryUse(stats.swap)),
    kernel: unlessZero(memoryUse(stats.kernel)),
    kernelTCP: unlessZero(memoryUse(stats.kernelTcp)),
    raw: sorted(stats.raw),
    psi: psi(stats.pressure),
  });
}

function memoryUse({ limit, usage, peak, failures }: MemoryUse): Document {
  return { limit, ...present({ usage, max: peak }), failcnt: failures };
}

/** With `ioQueueRecursive`, as runc spells it. */
const BLKIO_KEYS: readonly (readonly [key: string, table: keyof Blkio])[] = [
  ["ioServiceBytesRecursive", "serviceBytes"],
  ["ioServicedRecursive", "serviced"],
  ["ioQueueRecursive", "queued"],
  ["ioServiceTimeRecursive", "serviceTime"],
  ["ioWaitTimeRecursive", "waitTime"],
  ["ioMergedRecursive", "merged"],
  ["ioTimeRecursive", "time"],
  ["sectorsRecursive", "sectors"],
];

function blkio({ tables, pressure }: ContainerStats["blkio"]): Document {
  const document: Document = {};
  for (const [key, table] of BLKIO_KEYS) {
    document[key] = (tables[table] ?? [])
      .map(({ major, minor, op, value }) => present({ major, minor, op, value }));
  }
  return present({ ...document, psi: psi(pressure) });
}

function hugetlb(stats: ContainerStats["hugetlb"]): Document {
  const document: Document = {};
  for (const [size, { usage, peak, failures }] of stats) {
    document[size] = { ...present({ usage, max: peak }), failcnt: failures };
  }
  return sorted(Object.entries(document));
}

function intelRdt(
  { cache, bandwidth, rootSchemata, schemata, traffic, occupancy }: Resctrl,
): Document {
  // The last line that has the word, as runc finds it.
  const lineOf = (lines: readonly string[], word: string): string =>
    lines.findLast((line) => line.includes(word)) ?? "";
  const counted = traffic === null && occupancy === null ? {} : {
    mbm_stats: traffic?.map(({ total, local }) => ({
      mbm_total_bytes: total,
      mbm_local_bytes: local,
    })) ?? null,
    cmt_stats: occupancy?.map((bytes) => ({ llc_occupancy: bytes })) ?? null,
  };
  return {
    ...cache === null ? {} : {
      l3_cache_info: present({
        cbm_mask: cache.mask,
        min_cbm_bits: cache.leastBits,
        num_closids: cache.classes,
      }),
      ...present({
        l3_cache_schema_root: lineOf(rootSchemata, "L3"),
        l3_cache_schema: lineOf(schemata, "L3"),
      }),
    },
    ...bandwidth === null ? {} : {
      mem_bw_info: present({
        bandwidth_gran: bandwidth.granularity,
        delay_linear: bandwidth.delayLinear,
        min_bandwidth: bandwidth.least,
        num_closids: bandwidth.classes,
      }),
      ...present({
        mem_bw_schema_root: lineOf(rootSchemata, "MB"),
        mem_bw_schema: lineOf(schemata, "MB"),
      }),
    },
    ...present({ schemata }),
    ...counted,
  };
}

function psi(pressure: Pressure): Document | null {
  if (pressure === null) return null;
  const { some, full } = pressure;
  return { some: { ...some }, full: { ...full } };
}

/** An encoder of Go sorts a map by its keys' bytes. */
function sorted(entries: Iterable<readonly [string, unknown]>): Document {
  return Object.fromEntries([...entries].sort(([a], [b]) => a < b ? -1 : 1));
}
