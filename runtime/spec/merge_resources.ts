import type { Resources } from "./valid.ts";

/** What becomes of a container's limits by an update. */
export interface ResourcesUpdate {
  /** All limits from now on, as they are kept. */
  readonly merged: Resources;
  /** The limits to write: those of the update, and what the kernel takes together with them. */
  readonly changes: Resources;
}

/**
 * Works an update into the limits of a container. Devices stay as they are; `unified` is replaced as a whole; a device's throttles
 * and weights are replaced or added; a zero, which asks for nothing, replaces nothing.
 */
export function mergeResources(
  current: Resources,
  { devices: _untouched, ...update }: Resources,
): ResourcesUpdate {
  const memory = completedMemory(update.memory);
  const cpu = completedCpu(current.cpu, update.cpu);
  const wanted = withoutUndefined({ ...update, memory, cpu });
  const merged: Resources = withoutUndefined({
    ...current,
    ...wanted,
    memory: merge(current.memory, memory),
    cpu: merge(current.cpu, cpu, ["idle", "burst"]),
    blockIO: mergedBlockIo(current.blockIO, update.blockIO),
    network: merge(current.network, update.network),
  });
  return { merged, changes: withPartners(wanted, merged) };
}

type Memory = NonNullable<Resources["memory"]>;
type Cpu = NonNullable<Resources["cpu"]>;
type BlockIo = NonNullable<Resources["blockIO"]>;

/** Without a limit of memory, an old one of memory and swap would make no sense. */
function completedMemory(memory: Memory | undefined): Memory | undefined {
  if (memory === undefined || memory.limit !== -1 || memory.swap !== undefined) return memory;
  return { ...memory, swap: -1 };
}

/** A weight is for a cgroup that is not idle; what is idle gives its weight up. */
function completedCpu(current: Cpu = {}, cpu: Cpu | undefined): Cpu | undefined {
  const isWeighed = cpu?.shares !== undefined && Number(cpu.shares) !== 0;
  if (!isWeighed || cpu.idle !== undefined || Number(current.idle ?? 0) === 0) return cpu;
  return { ...cpu, idle: 0 };
}

/** The kernel holds some of the values against others, and version 2 has one file for two of them. */
function withPartners(wanted: Resources, { memory, cpu }: Resources): Resources {
  const has = (value: unknown): boolean => value !== undefined && Number(value) !== 0;
  const { limit, swap } = wanted.memory ?? {};
  const { quota, period } = wanted.cpu ?? {};
  return {
    ...wanted,
    ...has(limit) || has(swap)
      ? { memory: { ...wanted.memory, ...pick(memory, ["limit", "swap"]) } }
      : {},
    ...has(quota) || has(period)
      ? { cpu: { ...wanted.cpu, ...pick(cpu, ["quota", "period"]) } }
      : {},
  };
}

function pick<Value extends object, Name extends keyof Value>(
  value: Value | undefined,
  names: readonly Name[],
): Partial<Value> {
  const picked: Partial<Value> = {};
  for (const name of names) if (value?.[name] !== undefined) picked[name] = value[name];
  return picked;
}

/** The new values over the old ones; of those in `countZero` a zero is a value. */
function merge<Value extends object>(
  current: Value | undefined,
  update: Value | undefined,
  countZero: readonly (keyof Value)[] = [],
): Value | undefined {
  if (update === undefined) return current;
  const merged = { ...current } as Value;
  for (const name of Object.keys(update) as (keyof Value)[]) {
    const value = update[name];
    const asks = value !== undefined && value !== "" && (value !== 0 || countZero.includes(name));
    if (asks) merged[name] = value;
  }
  return merged;
}

const DEVICE_LISTS = [
  "throttleReadBpsDevice",
  "throttleWriteBpsDevice",
  "throttleReadIOPSDevice",
  "throttleWriteIOPSDevice",
  "weightDevice",
] as const;

function mergedBlockIo(current: BlockIo = {}, update: BlockIo | undefined): BlockIo | undefined {
  if (update === undefined) return Object.keys(current).length === 0 ? undefined : current;
  const merged: BlockIo = { ...merge(current, update) };
  for (const name of DEVICE_LISTS) {
    const [old, newer] = [current[name] ?? [], update[name] ?? []];
    if (old.length + newer.length > 0) merged[name] = upserted(old, newer);
  }
  return merged;
}

interface OfDevice {
  readonly major: number | bigint;
  readonly minor: number | bigint;
}

/** A device's last entry is the one that counts. */
function upserted<Entry extends OfDevice>(
  current: readonly Entry[],
  update: readonly Entry[],
): Entry[] {
  const merged = [...current];
  for (const entry of update) {
    const index = merged.findLastIndex(({ major, minor }) =>
      Number(major) === Number(entry.major) && Number(minor) === Number(entry.minor)
    );
    if (index < 0) merged.push(entry);
    else merged[index] = { ...merged[index], ...withoutUndefined(entry) };
  }
  return merged;
}

function withoutUndefined<Value extends object>(value: Value): Value {
  const kept = { ...value };
  for (const name of Object.keys(kept) as (keyof Value)[]) {
    if (kept[name] === undefined) delete kept[name];
  }
  return kept;
}
