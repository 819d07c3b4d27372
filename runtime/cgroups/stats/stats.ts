/** Amounts are as the kernel counts them, 64 bits wide; 0 where nothing is known. Times are in nanoseconds. */
export interface CgroupStats {
  readonly cpu: CpuStats;
  readonly cpuset: CpusetStats;
  readonly memory: MemoryStats;
  readonly pids: PidsStats;
  readonly blkio: BlkioStats;
  /** By the size of a page, as in the names of the files: `2MB`. */
  readonly hugetlb: ReadonlyMap<string, HugetlbStats>;
}

export interface CpuStats {
  readonly total: bigint;
  readonly kernel: bigint;
  readonly user: bigint;
  /** One for each CPU; version 1 alone counts so. */
  readonly perCpu: readonly bigint[];
  readonly perCpuKernel: readonly bigint[];
  readonly perCpuUser: readonly bigint[];
  readonly periods: bigint;
  readonly throttledPeriods: bigint;
  readonly throttledTime: bigint;
  readonly pressure: Pressure | null;
}

/** Version 1's cpuset: switches are 0 or 1. */
export interface CpusetStats {
  readonly cpus: readonly number[];
  readonly cpuExclusive: bigint;
  readonly mems: readonly number[];
  readonly memHardwall: bigint;
  readonly memExclusive: bigint;
  readonly memoryMigrate: bigint;
  readonly memorySpreadPage: bigint;
  readonly memorySpreadSlab: bigint;
  readonly memoryPressure: bigint;
  readonly schedLoadBalance: bigint;
  /** -1 for the system's own. */
  readonly schedRelaxDomainLevel: bigint;
}

/** Bytes of one kind of memory. */
export interface MemoryUse {
  /** 2^64 - 1 where version 2 has none. */
  readonly limit: bigint;
  readonly usage: bigint;
  /** The most that there ever was. */
  readonly peak: bigint;
  /** How often the limit was hit. */
  readonly failures: bigint;
}

export interface MemoryStats {
  readonly cache: bigint;
  readonly usage: MemoryUse;
  /** Memory and swap together. */
  readonly swap: MemoryUse;
  readonly kernel: MemoryUse;
  readonly kernelTcp: MemoryUse;
  /** The lines of `memory.stat`. */
  readonly raw: ReadonlyMap<string, bigint>;
  readonly pressure: Pressure | null;
}

export interface PidsStats {
  readonly current: bigint;
  /** 0 for none. */
  readonly limit: bigint;
}

/** What one kind of transfer did on one device. */
export interface BlkioEntry {
  readonly major: bigint;
  readonly minor: bigint;
  /** `Read`, `Write`, `Discard` and the like; "" where they are not told apart. */
  readonly op: string;
  readonly value: bigint;
}

/** What is counted for each device. */
export type BlkioTable =
  | "serviceBytes"
  | "serviced"
  | "queued"
  | "serviceTime"
  | "waitTime"
  | "merged"
  | "time"
  | "sectors";

export type BlkioTables = Readonly<Partial<Record<BlkioTable, readonly BlkioEntry[]>>>;

export interface BlkioStats {
  readonly tables: BlkioTables;
  readonly pressure: Pressure | null;
}

export interface HugetlbStats {
  readonly usage: bigint;
  readonly peak: bigint;
  readonly failures: bigint;
}

/** For how much of the time tasks had to wait for something (PSI, accounting/psi.rst). */
export interface Pressure {
  /** At least one task. */
  readonly some: PressureLine;
  /** All tasks at once. */
  readonly full: PressureLine;
}

export interface PressureLine {
  /** Percent, over the last 10, 60 and 300 seconds. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds. */
  readonly total: bigint;
}

export const NO_MEMORY: MemoryUse = { limit: 0n, usage: 0n, peak: 0n, failures: 0n };
