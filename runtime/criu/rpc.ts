/**
 * What is said to CRIU and what it answers: the messages of its rpc.proto (https://criu.org/RPC), in protobuf's wire form. Fields
 * that this program does not use are left out.
 */
import { PbfReader, PbfWriter } from "pbf";
import { decodeText, encodeText } from "syscalls/abi/text.ts";

/** Kinds of requests and of answers (`criu_req_type`). */
export const REQUEST = {
  dump: 1,
  restore: 2,
  preDump: 4,
  notify: 6,
  featureCheck: 9,
  version: 10,
} as const;

/** What `--manage-cgroups-mode` can say (`criu_cg_mode`). */
export const CGROUP_MODES = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;

/** CRIU's own choice of such a mode. */
export const DEFAULT_CGROUP_MODE = 6;

/** How packets are held back while connections are dumped or restored (`criu_network_lock_method`). */
export const NETWORK_LOCKS = { iptables: 1, nftables: 2, skip: 3 } as const;

/** `[key, value]`; what they mean depends on the option. */
export type Pair = readonly [key: string, value: string];

/** Options of a dump or a restore (`criu_opts`); what is not there is CRIU's default. */
export interface CriuOptions {
  /** A descriptor of this process, not of CRIU's. */
  readonly imagesDirFd: number;
  /** Likewise. */
  readonly workDirFd?: number;
  readonly pid?: number;
  readonly leaveRunning?: boolean;
  readonly extUnixSk?: boolean;
  readonly tcpEstablished?: boolean;
  readonly tcpSkipInFlight?: boolean;
  readonly tcpClose?: boolean;
  readonly evasiveDevices?: boolean;
  readonly shellJob?: boolean;
  readonly fileLocks?: boolean;
  readonly logLevel?: number;
  readonly logFile?: string;
  readonly notifyScripts?: boolean;
  readonly root?: string;
  /** From the images' folder. */
  readonly parentImg?: string;
  readonly trackMem?: boolean;
  readonly autoDedup?: boolean;
  readonly linkRemap?: boolean;
  readonly manageCgroups?: boolean;
  readonly manageCgroupsMode?: number;
  /** The restored init is a child of whoever started CRIU. */
  readonly rstSibling?: boolean;
  /** `CLONE_NEW*` of namespaces that are made, and left as they are then. */
  readonly emptyNs?: number;
  /** A folder of the freezer. */
  readonly freezeCgroup?: string;
  readonly lazyPages?: boolean;
  readonly orphanPtsMaster?: boolean;
  readonly configFile?: string;
  readonly lsmProfile?: string;
  readonly lsmMountContext?: string;
  readonly networkLock?: number;
  readonly pageServer?: { readonly address: string; readonly port: number };
  /** At a dump: where in the container, and its name in the image; at a restore: that name, and what is mounted. */
  readonly externalMounts?: readonly Pair[];
  /** Controllers ("" for version 2) and the cgroup that the container's is below. */
  readonly cgroupRoots?: readonly Pair[];
  /** Types of namespaces and the files of those to join. */
  readonly joinNamespaces?: readonly Pair[];
  /** Names of things outside the container, `net[4026531840]:extRootNetNS`. */
  readonly external?: readonly string[];
  /** What such a name stands for now: a descriptor of CRIU's. */
  readonly inheritFds?: readonly { readonly key: string; readonly fd: number }[];
}

type Plain = "number" | "boolean" | "string";

/** Field number and type of every option that is one value. */
const OPTION_FIELDS: Readonly<Partial<Record<keyof CriuOptions, readonly [number, Plain]>>> = {
  imagesDirFd: [1, "number"],
  pid: [2, "number"],
  leaveRunning: [3, "boolean"],
  extUnixSk: [4, "boolean"],
  tcpEstablished: [5, "boolean"],
  evasiveDevices: [6, "boolean"],
  shellJob: [7, "boolean"],
  fileLocks: [8, "boolean"],
  logLevel: [9, "number"],
  logFile: [10, "string"],
  notifyScripts: [12, "boolean"],
  root: [13, "string"],
  parentImg: [14, "string"],
  trackMem: [15, "boolean"],
  autoDedup: [16, "boolean"],
  workDirFd: [17, "number"],
  linkRemap: [18, "boolean"],
  manageCgroups: [24, "boolean"],
  rstSibling: [26, "boolean"],
  manageCgroupsMode: [34, "number"],
  emptyNs: [38, "number"],
  freezeCgroup: [44, "string"],
  tcpSkipInFlight: [46, "boolean"],
  lazyPages: [48, "boolean"],
  orphanPtsMaster: [50, "boolean"],
  configFile: [51, "string"],
  tcpClose: [52, "boolean"],
  lsmProfile: [53, "string"],
  lsmMountContext: [63, "string"],
  networkLock: [64, "number"],
};

/** Field numbers of the options that are messages or lists. */
const PAGE_SERVER = 11;
const EXTERNAL_MOUNT = 23;
const CGROUP_ROOT = 25;
const INHERIT_FD = 27;
const EXTERNAL = 37;
const JOIN_NAMESPACE = 39;

/** What CRIU and the kernel can be asked for (`criu_features`), in the order of the field numbers. */
export const FEATURES = ["memTrack", "lazyPages"] as const;
export type Feature = typeof FEATURES[number];

/** One request (`criu_req`). */
export type Request =
  | { readonly type: "dump" | "restore" | "preDump"; readonly options: CriuOptions }
  /** The answer to a notification: whether to go on. */
  | { readonly type: "notify"; readonly success: boolean }
  | { readonly type: "featureCheck" | "version" };

/** One answer (`criu_resp`). */
export interface Response {
  /** A number of {@link REQUEST}, or another one. */
  readonly type: number;
  readonly success: boolean;
  /** An errno; 0 for none. */
  readonly errno: number;
  /** The first error of CRIU's log; "" for none. */
  readonly message: string;
  /** The process that was restored, or that a notification is about; 0 for none. */
  readonly pid: number;
  /** The moment that a notification tells of; "" in other answers. */
  readonly script: string;
  readonly features: readonly Feature[];
  /** 31701 for 3.17.1; 0 in other answers. */
  readonly version: number;
}

/** The bytes of a request. */
export function encodeRequest(request: Request): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, REQUEST[request.type]);
  switch (request.type) {
    case "dump":
    case "restore":
    case "preDump":
      pbf.writeMessage(2, writeOptions, request.options);
      break;
    case "notify":
      pbf.writeBooleanField(3, request.success);
      break;
    default:
      // keep_open: more will be asked.
      pbf.writeBooleanField(4, true);
      pbf.writeMessage(5, writeFeatures, FEATURES);
  }
  return new Uint8Array(pbf.finish());
}

function writeFeatures(features: readonly Feature[], pbf: PbfWriter): void {
  features.forEach((_, index) => pbf.writeBooleanField(index + 1, true));
}

function writeOptions(options: CriuOptions, pbf: PbfWriter): void {
  for (const [name, field] of Object.entries(OPTION_FIELDS)) {
    const value = options[name as keyof CriuOptions];
    if (typeof value === "number") pbf.writeVarintField(field[0], value);
    else if (typeof value === "boolean") pbf.writeBooleanField(field[0], value);
    else if (typeof value === "string") writeText(pbf, field[0], value);
  }
  const { pageServer } = options;
  if (pageServer !== undefined) pbf.writeMessage(PAGE_SERVER, writePageServer, pageServer);
  const pairs = (field: number, list: readonly Pair[] = []): void =>
    list.forEach((pair) => pbf.writeMessage(field, writePair, pair));
  pairs(EXTERNAL_MOUNT, options.externalMounts);
  pairs(CGROUP_ROOT, options.cgroupRoots);
  pairs(JOIN_NAMESPACE, options.joinNamespaces);
  for (const name of options.external ?? []) writeText(pbf, EXTERNAL, name);
  for (const inherited of options.inheritFds ?? []) {
    pbf.writeMessage(INHERIT_FD, ({ key, fd }, inner) => {
      writeText(inner, 1, key);
      inner.writeVarintField(2, fd);
    }, inherited);
  }
}

function writePageServer(
  { address, port }: NonNullable<CriuOptions["pageServer"]>,
  pbf: PbfWriter,
): void {
  writeText(pbf, 1, address);
  pbf.writeVarintField(2, port);
}

function writePair([key, value]: Pair, pbf: PbfWriter): void {
  writeText(pbf, 1, key);
  writeText(pbf, 2, value);
}

/** A path may hold any bytes: the library's own texts are UTF-8. */
function writeText(pbf: PbfWriter, field: number, text: string): void {
  pbf.writeBytesField(field, encodeText(text));
}

type Draft = { -readonly [Key in keyof Response]: Response[Key] };

/** Reads an answer; what this program does not know is passed over. */
export function decodeResponse(bytes: Uint8Array): Response {
  const draft: Draft = {
    type: 0,
    success: false,
    errno: 0,
    message: "",
    pid: 0,
    script: "",
    features: [],
    version: 0,
  };
  return new PbfReader(bytes).readFields(readAnswer, draft);
}

function readAnswer(field: number, draft: Draft, pbf: PbfReader): void {
  switch (field) {
    case 1:
      draft.type = pbf.readVarint();
      break;
    case 2:
      draft.success = pbf.readBoolean();
      break;
    case 4:
      pbf.readMessage(readRestored, draft);
      break;
    case 5:
      pbf.readMessage(readNotification, draft);
      break;
    case 7:
      draft.errno = pbf.readVarint(true);
      break;
    case 8:
      pbf.readMessage(readFeature, draft);
      break;
    case 9:
      draft.message = decodeText(pbf.readBytes());
      break;
    case 10:
      pbf.readMessage(readVersion, draft);
      break;
  }
}

function readRestored(field: number, draft: Draft, pbf: PbfReader): void {
  if (field === 1) draft.pid = pbf.readVarint(true);
}

function readNotification(field: number, draft: Draft, pbf: PbfReader): void {
  if (field === 1) draft.script = decodeText(pbf.readBytes());
  if (field === 2) draft.pid = pbf.readVarint(true);
}

function readFeature(field: number, draft: Draft, pbf: PbfReader): void {
  const feature = FEATURES[field - 1];
  if (feature !== undefined && pbf.readBoolean()) draft.features = [...draft.features, feature];
}

/** Major, minor and sublevel as one number, as CRIU itself writes it. */
const VERSION_WEIGHTS: Readonly<Record<number, number>> = { 1: 10_000, 2: 100, 4: 1 };

function readVersion(field: number, draft: Draft, pbf: PbfReader): void {
  const weight = VERSION_WEIGHTS[field];
  if (weight !== undefined) draft.version += weight * pbf.readVarint();
}
