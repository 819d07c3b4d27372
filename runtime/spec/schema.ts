/**
 * The runtime-spec 1.3 for Linux as zod schemas: the one place that says what config.json may look like.
 *
 * Nothing at run time imports this file. `config.ts` takes its types from here, and `table.gen.ts`, which the runtime checks
 * files with, is generated from it. Rules that need more than one value are in `checks/`.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md
 */
import * as z from "zod/mini";
import { PROPAGATIONS } from "./words/propagation.ts";
import { RLIMITS } from "./words/rlimits.ts";
import { IO_PRIORITY_CLASSES, SCHEDULER_FLAGS, SCHEDULER_POLICIES } from "./words/scheduling.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHS,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "./words/seccomp.ts";
import { NAMESPACES } from "./words/namespaces.ts";
import { PERSONALITY_DOMAINS } from "./words/personality.ts";

const { array, boolean, object, optional, record, int, union } = z;

/** A string that can become a C string: no NUL inside. The pattern is the one that the table generator knows. */
const string = () => z.string().check(z.regex(/^[^\0]*$/));
const strings = () => array(string());
const map = () => record(z.string(), string());
const word = <const Words extends readonly string[]>(words: Words) => z.enum(words);
const keys = <Words extends object>(words: Words) => Object.keys(words) as (keyof Words & string)[];

const u16 = () => int().check(z.gte(0), z.lte(0xffff));
const u32 = () => int().check(z.gte(0), z.lte(0xffff_ffff));
const i32 = () => int().check(z.gte(-0x8000_0000), z.lte(0x7fff_ffff));
const wide = (low: bigint, high: bigint) =>
  union([
    int().check(z.gte(Math.max(Number(low), Number.MIN_SAFE_INTEGER))),
    z.bigint().check(z.gte(low), z.lte(high)),
  ]);
const u64 = () => wide(0n, 0xffff_ffff_ffff_ffffn);
const i64 = () => wide(-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn);

const IdMapping = object({ containerID: u32(), hostID: u32(), size: u32() });

const Mount = object({
  destination: string(),
  source: optional(string()),
  type: optional(string()),
  options: optional(strings()),
  uidMappings: optional(array(IdMapping)),
  gidMappings: optional(array(IdMapping)),
});

const Hook = object({
  path: string(),
  args: optional(strings()),
  env: optional(strings()),
  timeout: optional(i64()),
});

const Hooks = object({
  prestart: optional(array(Hook)),
  createRuntime: optional(array(Hook)),
  createContainer: optional(array(Hook)),
  startContainer: optional(array(Hook)),
  poststart: optional(array(Hook)),
  poststop: optional(array(Hook)),
});

const Scheduler = object({
  policy: word(keys(SCHEDULER_POLICIES)),
  nice: optional(i32()),
  priority: optional(i32()),
  flags: optional(array(word(keys(SCHEDULER_FLAGS)))),
  runtime: optional(u64()),
  deadline: optional(u64()),
  period: optional(u64()),
});

/** `process`, and the whole of the file that `exec --process` takes. */
export const ProcessSchema = object({
  cwd: string(),
  terminal: optional(boolean()),
  consoleSize: optional(object({ height: u16(), width: u16() })),
  user: optional(object({
    uid: optional(u32()),
    gid: optional(u32()),
    umask: optional(u32()),
    additionalGids: optional(array(u32())),
    username: optional(string()),
  })),
  args: optional(strings()),
  commandLine: optional(string()),
  env: optional(strings()),
  capabilities: optional(object({
    bounding: optional(strings()),
    effective: optional(strings()),
    inheritable: optional(strings()),
    permitted: optional(strings()),
    ambient: optional(strings()),
  })),
  rlimits: optional(array(object({ type: word(RLIMITS), hard: u64(), soft: u64() }))),
  noNewPrivileges: optional(boolean()),
  apparmorProfile: optional(string()),
  oomScoreAdj: optional(i32()),
  scheduler: optional(Scheduler),
  selinuxLabel: optional(string()),
  ioPriority: optional(object({
    class: word(keys(IO_PRIORITY_CLASSES)),
    priority: optional(i32()),
  })),
  execCPUAffinity: optional(object({ initial: optional(string()), final: optional(string()) })),
});

const Throttle = optional(array(object({ major: i64(), minor: i64(), rate: optional(u64()) })));

const BlockIO = object({
  weight: optional(u16()),
  leafWeight: optional(u16()),
  weightDevice: optional(array(object({
    major: i64(),
    minor: i64(),
    weight: optional(u16()),
    leafWeight: optional(u16()),
  }))),
  throttleReadBpsDevice: Throttle,
  throttleWriteBpsDevice: Throttle,
  throttleReadIOPSDevice: Throttle,
  throttleWriteIOPSDevice: Throttle,
});

const Memory = object({
  limit: optional(i64()),
  reservation: optional(i64()),
  swap: optional(i64()),
  kernel: optional(i64()),
  kernelTCP: optional(i64()),
  swappiness: optional(u64()),
  disableOOMKiller: optional(boolean()),
  useHierarchy: optional(boolean()),
  checkBeforeUpdate: optional(boolean()),
});

const Cpu = object({
  shares: optional(u64()),
  quota: optional(i64()),
  burst: optional(u64()),
  period: optional(u64()),
  realtimeRuntime: optional(i64()),
  realtimePeriod: optional(u64()),
  cpus: optional(string()),
  mems: optional(string()),
  idle: optional(i64()),
});

/** `linux.resources`, and the whole of the file that `update --resources` takes. */
export const ResourcesSchema = object({
  devices: optional(array(object({
    allow: optional(boolean()),
    type: optional(string()),
    major: optional(i64()),
    minor: optional(i64()),
    access: optional(string()),
  }))),
  memory: optional(Memory),
  cpu: optional(Cpu),
  pids: optional(object({ limit: optional(i64()) })),
  blockIO: optional(BlockIO),
  hugepageLimits: optional(array(object({ pageSize: string(), limit: u64() }))),
  network: optional(object({
    classID: optional(u32()),
    priorities: optional(array(object({ name: string(), priority: u32() }))),
  })),
  rdma: optional(record(
    z.string(),
    object({ hcaHandles: optional(u32()), hcaObjects: optional(u32()) }),
  )),
  unified: optional(map()),
});

/** The `linux.seccomp` object, which may also be a file of its own. */
export const SeccompSchema = object({
  defaultAction: optional(word(["", ...SECCOMP_ACTIONS])),
  defaultErrnoRet: optional(u32()),
  architectures: optional(array(word(SECCOMP_ARCHS))),
  flags: optional(array(word(SECCOMP_FLAGS))),
  listenerPath: optional(string()),
  listenerMetadata: optional(string()),
  syscalls: optional(array(object({
    names: strings(),
    action: word(SECCOMP_ACTIONS),
    errnoRet: optional(u32()),
    args: optional(array(object({
      index: u32(),
      value: u64(),
      valueTwo: optional(u64()),
      op: word(SECCOMP_OPERATORS),
    }))),
  }))),
});

const Linux = object({
  namespaces: optional(array(object({ type: word(keys(NAMESPACES)), path: optional(string()) }))),
  uidMappings: optional(array(IdMapping)),
  gidMappings: optional(array(IdMapping)),
  timeOffsets: optional(record(
    z.string(),
    object({ secs: optional(i64()), nanosecs: optional(u32()) }),
  )),
  devices: optional(array(object({
    type: word(["c", "b", "u", "p"]),
    path: string(),
    major: optional(i64()),
    minor: optional(i64()),
    fileMode: optional(u32()),
    uid: optional(u32()),
    gid: optional(u32()),
  }))),
  netDevices: optional(record(z.string(), object({ name: optional(string()) }))),
  cgroupsPath: optional(string()),
  resources: optional(ResourcesSchema),
  intelRdt: optional(object({
    closID: optional(string()),
    schemata: optional(strings()),
    l3CacheSchema: optional(string()),
    memBwSchema: optional(string()),
    enableMonitoring: optional(boolean()),
  })),
  memoryPolicy: optional(object({
    mode: optional(string()),
    nodes: optional(string()),
    flags: optional(strings()),
  })),
  sysctl: optional(map()),
  seccomp: optional(SeccompSchema),
  rootfsPropagation: optional(word(["", ...PROPAGATIONS])),
  maskedPaths: optional(strings()),
  readonlyPaths: optional(strings()),
  mountLabel: optional(string()),
  personality: optional(object({
    domain: word(keys(PERSONALITY_DOMAINS)),
    flags: optional(strings()),
  })),
});

/** The whole of config.json. */
export const ConfigSchema = object({
  ociVersion: string(),
  root: optional(object({ path: string(), readonly: optional(boolean()) })),
  process: optional(ProcessSchema),
  hostname: optional(string()),
  domainname: optional(string()),
  mounts: optional(array(Mount)),
  hooks: optional(Hooks),
  annotations: optional(map()),
  linux: optional(Linux),
});

/** The file of `mounts add` and `mounts remove`. */
export const MountsSchema = array(Mount);
