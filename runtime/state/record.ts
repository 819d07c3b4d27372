import { StateError } from "runtime/base/errors.ts";
import type { ResctrlGroup } from "runtime/base/resctrl_group.ts";

/** What is kept of a container between commands. Its status is never in here: that is worked out anew each time. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  readonly ociVersion: string;
  /** Absolute. */
  readonly bundle: string;
  /** Absolute. */
  readonly rootfs: string;
  /** RFC 3339 in UTC, with nanoseconds. */
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The container's init as the host sees it; 0 before it exists. */
  readonly pid: number;
  /** When the init started, in clock ticks since boot (field 22 of /proc/PID/stat); "" with pid 0. */
  readonly startTime: string;
  /** Absolute directories of the container's cgroup, one a hierarchy. */
  readonly cgroups: readonly string[];
  /** Those directories that this container made, parents before children. */
  readonly cgroupCreated: readonly string[];
  /** The file of its cgroup that tells whether it is frozen (`freezer.state` or `cgroup.events`); "" without one. */
  readonly freezer: string;
  /** The unit of systemd that its cgroups belong to; null where the runtime made them itself. */
  readonly systemd: RecordedUnit | null;
  /** Its class of cache and memory bandwidth; null for the host's own. */
  readonly resctrl: ResctrlGroup | null;
  /** Where the rootfs was mounted in the runtime's own mount namespace, to be unmounted at the end; "" for a container with its own. */
  readonly sharedMount: string;
  /** The hooks of `create` run: nobody may start the container yet. */
  readonly creating: boolean;
  /** The lists with hooks that later commands have to run: only then do they read config.json. */
  readonly hooks: readonly string[];
  /** The session keyring of the container's processes; "" where they keep their caller's. */
  readonly keyring: string;
  /** What the init was given as standard input, output and error (`pipe:[42]`, a path); empty for a container with a terminal. */
  readonly streams: readonly string[];
}

/** A unit that was made for a container. */
export interface RecordedUnit {
  /** `runc-ID.scope` and the like. */
  readonly unit: string;
  /** Whose it is: the system's, or an ordinary user's own service manager. */
  readonly manager: "system" | "user";
}

/**
 * What a record that lacks the field means: an older build, which knew no such thing, made the container.
 *
 * A field added later has its default here, the value for "there is none", so that containers outlive an upgrade of the
 * executable. A field without such a value takes another version. What is in no record of any build, or has the wrong form, is damage.
 */
const ADDED_LATER = {
  sharedMount: "",
  freezer: "",
  keyring: "",
  creating: false,
  hooks: [],
  systemd: null,
  resctrl: null,
  streams: [],
} as const satisfies Partial<ContainerRecord>;

/** The text of a record's file. */
export function encodeRecord(record: ContainerRecord): string {
  return JSON.stringify(record);
}

/**
 * Reads a record; fields that it does not know are left out, and those that the record's build did not know are filled in.
 * @throws {StateError} naming `file` and the first thing wrong with it
 */
export function parseRecord(text: string, file: string): ContainerRecord {
  const fields: Record<string, unknown> = { ...ADDED_LATER, ...parseObject(text, file) };
  const { damaged, string, strings, path, pathOrNone, paths } = readersOf(fields, file);
  if (fields.version === undefined) throw damage(file, "it has no version");
  if (fields.version !== 1) {
    throw new StateError(
      `Cannot use ${file}: it is of version ${
        JSON.stringify(fields.version)
      }, this program knows 1`,
    );
  }
  const { pid, annotations, creating } = fields;
  const isPid = typeof pid === "number" && Number.isInteger(pid) && pid >= 0 && pid < 2 ** 31;
  return {
    version: 1,
    id: string("id"),
    ociVersion: string("ociVersion"),
    bundle: path("bundle"),
    rootfs: path("rootfs"),
    created: string("created"),
    annotations: isStringMap(annotations)
      ? annotations
      : damaged("annotations", "a map of strings"),
    pid: isPid ? pid : damaged("pid", "a process id"),
    startTime: string("startTime"),
    cgroups: paths("cgroups"),
    cgroupCreated: paths("cgroupCreated"),
    freezer: pathOrNone("freezer"),
    systemd: isUnit(fields.systemd) ? fields.systemd : damaged("systemd", "a unit"),
    resctrl: isGroup(fields.resctrl) ? fields.resctrl : damaged("resctrl", "a class"),
    sharedMount: pathOrNone("sharedMount"),
    creating: typeof creating === "boolean" ? creating : damaged("creating", "true or false"),
    hooks: strings("hooks"),
    keyring: string("keyring"),
    streams: strings("streams"),
  };
}

interface Readers {
  damaged(field: string, wanted: string): never;
  string(field: string): string;
  strings(field: string): readonly string[];
  path(field: string): string;
  pathOrNone(field: string): string;
  paths(field: string): readonly string[];
}

function readersOf(fields: Readonly<Record<string, unknown>>, file: string): Readers {
  const damaged = (field: string, wanted: string): never => {
    throw damage(file, `"${field}" is not ${wanted}`);
  };
  const string = (field: string): string => {
    const value = fields[field];
    return typeof value === "string" ? value : damaged(field, "a string");
  };
  const strings = (field: string): readonly string[] => {
    const value = fields[field];
    return isStrings(value) ? value : damaged(field, "a list of strings");
  };
  // What these lead to is unmounted, removed, killed: relative to wherever the program runs it would be somebody else's.
  const path = (field: string): string => {
    const value = string(field);
    return isPlainPath(value) ? value : damaged(field, "an absolute path");
  };
  const pathOrNone = (field: string): string => fields[field] === "" ? "" : path(field);
  const paths = (field: string): readonly string[] => {
    const value = strings(field);
    return value.every(isPlainPath) ? value : damaged(field, "a list of absolute paths");
  };
  return { damaged, string, strings, path, pathOrNone, paths };
}

function parseObject(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damage(file, text === "" ? "the file is empty" : "it is not JSON", cause);
  }
  if (!isObject(value)) throw damage(file, "it is not a JSON object");
  return value;
}

function damage(file: string, what: string, cause?: unknown): StateError {
  return new StateError(
    `Cannot use ${file}: ${what}; hint: the container's record is damaged, "delete --force" removes what is left`,
    { cause },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** Absolute, and without a step back. */
function isPlainPath(path: string): boolean {
  return path.startsWith("/") && !`${path}/`.includes("/../") && !path.includes("\0");
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === "string");
}

function isUnit(value: unknown): value is RecordedUnit | null {
  if (value === null) return true;
  return isObject(value) && typeof value.unit === "string" &&
    (value.manager === "system" || value.manager === "user");
}

function isGroup(value: unknown): value is ResctrlGroup | null {
  if (value === null) return true;
  if (!isObject(value)) return false;
  const { directory, monitoring, created } = value;
  const isPath = (it: unknown): boolean => typeof it === "string" && isPlainPath(it);
  return isPath(directory) && (monitoring === "" || isPath(monitoring)) && isStrings(created) &&
    created.every(isPlainPath);
}
