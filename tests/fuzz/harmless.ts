import { cleanPath } from "runtime/cgroups/place.ts";

/**
 * What a configuration that runs may not have, even in a sandbox. Whatever could reach the fuzzer
 * itself, a device, or a setting of the whole machine is replaced; all else stays as odd as it is.
 */
export interface Place {
  readonly rootfs: string;
  readonly scratch: string;
}

type Draft = Record<string, unknown>;

/** The text of a configuration that may run. */
export function harmlessText(text: string, place: Place): string {
  return rewritten(text, (config) => makeHarmless(config, place));
}

/** A JSON text after an edit of its value: the same text where that changes nothing, or where it is no JSON. */
export function rewritten(text: string, edit: (value: unknown) => void): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  try {
    const before = JSON.stringify(value);
    edit(value);
    const after = JSON.stringify(value);
    return before === after ? text : after;
  } catch (cause) {
    // Nested too deeply to be written again: who knows what is in it must not run.
    if (cause instanceof RangeError) return text.slice(0, text.lastIndexOf("}"));
    throw cause;
  }
}

const PROGRAMS: readonly (readonly string[])[] = [
  ["true"],
  ["sh", "-c", "exit 3"],
  ["/bin/true", ""],
  ["/nonexistent"],
  ["/dev"],
  [""],
];

const HOOK_PATHS = ["/bin/true", "/bin/false", "/nonexistent/hook", "/dev/null"];

const FILESYSTEMS = " bind none proc sysfs tmpfs devpts mqueue cgroup cgroup2 ramfs nosuchfs BIND /"
  .split(" ");

const SOURCES = "proc sysfs tmpfs devpts shm mqueue cgroup none".split(" ");

/** Takes everything out of a parsed config.json that could do harm. */
export function makeHarmless(config: unknown, place: Place): void {
  each(config, "root", (root) => {
    replace(root, "path", [place.rootfs, "rootfs", "", `${place.scratch}/file`, "/nonexistent"]);
  });
  each(config, "process", (process) => program(process));
  each(config, "hooks", (hooks) => {
    for (const name of Object.keys(hooks)) {
      each(hooks, name, (hook) => replace(hook, "path", HOOK_PATHS));
    }
  });
  each(config, "mounts", (mount) => {
    const scratch = ["dir", "file", "link", "missing"].map((name) => `${place.scratch}/${name}`);
    replace(mount, "source", [...scratch, ...SOURCES]);
    replace(mount, "type", FILESYSTEMS);
  });
  each(config, "linux", (linux) => harmlessLinux(linux, place));
}

function harmlessLinux(linux: Draft, { scratch }: Place): void {
  each(linux, "namespaces", (namespace) => {
    const own = ["net", "ipc", "uts", "pid", "cgroup"].map((file) => `/proc/self/ns/${file}`);
    replace(namespace, "path", ["", `${scratch}/missing`, `${scratch}/file`, ...own]);
  });
  each(linux, "devices", nullDevice);
  each(linux, "sysctl", (sysctl) => {
    const allowed = /^(?:net\.|kernel[.](?:shm|msg|sem|domainname|hostname)|fs\.mqueue)[^/]*$/;
    for (const name of Object.keys(sysctl)) {
      if (name.includes("..") || name.includes("/") || !allowed.test(name)) delete sysctl[name];
    }
  });
  each(linux, "resources", harmlessResources);
  const path = linux["cgroupsPath"];
  // A container in the cgroup of the fuzzer would take it away with itself.
  if (typeof path === "string" && path !== "" && /^\/(?:fuzzer\b|$)/.test(cleanPath(path))) {
    linux["cgroupsPath"] = "/cases/c";
  }
}

/** Nodes for /dev/null, or for numbers that there cannot be. */
function nullDevice(device: Draft): void {
  const { major, minor } = device;
  const odd = typeof major !== "number" || major < 0 || major > 2 ** 20;
  if (odd || (major === 1 && minor === 3)) return;
  device["major"] = 1;
  device["minor"] = 3;
}

function harmlessResources(resources: Draft): void {
  const kept = ["memory.high", "pids.max", "cpu.weight", "nosuch.file", "", "..", "__proto__"];
  each(resources, "unified", (unified) => {
    for (const name of Object.keys(unified)) if (!kept.includes(name)) delete unified[name];
  });
  each(resources, "cpu", (cpu) => {
    // With a thousandth of a CPU everything takes for ever.
    const { quota } = cpu;
    if (typeof quota === "number" && quota > 0) cpu["quota"] = Math.max(quota, 1_000_000);
  });
  // A container that waits for memory that it never gets is what was asked for.
  each(resources, "memory", (memory) => {
    if (memory["disableOOMKiller"] === true) delete memory["disableOOMKiller"];
  });
  each(resources, "devices", (rule) => {
    if (rule["allow"] === true && rule["type"] !== "c") rule["allow"] = false;
  });
}

function program(process: Draft): void {
  const { args } = process;
  if (!Array.isArray(args) || !args.every((word) => typeof word === "string")) return;
  const known = PROGRAMS.some((words) => JSON.stringify(words) === JSON.stringify(args));
  if (!known && args.length > 0) process["args"] = PROGRAMS[args.join().length % PROGRAMS.length];
}

/** Calls `edit` with the object of that name, or with every object of the list of that name, however it is spelt. */
function each(parent: unknown, name: string, edit: (object: Draft) => void): void {
  if (!isObject(parent)) return;
  for (const key of Object.keys(parent)) {
    if (key.toLowerCase() !== name.toLowerCase()) continue;
    const value = parent[key];
    const list = Array.isArray(value) ? value : [value];
    for (const item of list) if (isObject(item)) edit(foldCase(item));
  }
}

/** Go's decoder takes names of another case for the known ones, and so does the program: they are spelt as they are meant. */
function foldCase(object: Draft): Draft {
  const known = ["path", "source", "type", "args", "major", "minor", "quota", "cgroupsPath"];
  const more = ["allow", "disableOOMKiller"];
  for (const key of Object.keys(object)) {
    const name = [...known, ...more].find((it) => it.toLowerCase() === key.toLowerCase());
    if (name === undefined || name === key) continue;
    object[name] ??= object[key];
    delete object[key];
  }
  return object;
}

/** Puts one of the allowed texts in place of another one, always the same for the same text. */
function replace(object: Draft, name: string, allowed: readonly string[]): void {
  const value = object[name];
  if (typeof value !== "string" || allowed.includes(value)) return;
  object[name] = allowed[value.length % allowed.length];
}

function isObject(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
