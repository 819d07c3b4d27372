import { assertEquals } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { Container, Stage } from "./stage.ts";

/** A controller's file of version 1, and the one of version 2 that stands for it. */
export interface Knob {
  readonly v1?: KnobFile;
  readonly v2?: KnobFile;
}

/** `controller/file`, and what it says. */
export type KnobFile = readonly [path: `${string}/${string}`, text: string];

/** Where a controller is on this host. */
export interface ControllerPlace {
  readonly version: 1 | 2;
  /** The folder of a container's cgroup in the controller's tree. */
  dirOf(stage: Stage, container: Container): string;
  /** The uppermost cgroup. */
  readonly root: string;
}

/** The tree that has a controller: version 1's, else version 2's; null where there is none. */
export function controllerPlace(controller: string): ControllerPlace | null {
  for (const { version, controllers, mountpoint: root } of hostLayout().hierarchies) {
    const has = version === 1
      ? controllers.includes(controller)
      : readText(`${root}/cgroup.controllers`)?.split(/\s/).includes(controller) === true;
    if (!has) continue;
    return { version, root, dirOf: (stage, { id }) => `${root}${stage.cgroup}/${id}` };
  }
  return null;
}

/**
 * Compares what the kernel says in one of the two files.
 * False, and nothing compared, where this host has neither.
 */
export function checkKnob(stage: Stage, container: Container, knob: Knob): boolean {
  for (const [version, file] of [[1, knob.v1], [2, knob.v2]] as const) {
    const [path, text] = file ?? [null, null];
    if (path === null) continue;
    const [controller, name] = path.split("/", 2);
    const place = controllerPlace(controller ?? "");
    if (place?.version !== version) continue;
    assertEquals(readText(`${place.dirOf(stage, container)}/${name}`)?.trim(), text, path);
    return true;
  }
  return false;
}

/** Which of some files a new cgroup of a controller has, the first one of them; null for none. */
export function fileOfNewCgroup(controller: string, names: readonly string[]): string | null {
  const place = controllerPlace(controller);
  if (place === null) return null;
  if (place.version === 2) {
    Deno.writeTextFileSync(`${place.root}/cgroup.subtree_control`, `+${controller}`);
  }
  const dir = `${place.root}/ocirt-test-probe-${Deno.pid}`;
  Deno.mkdirSync(dir);
  try {
    return names.find((name) => readableFile(`${dir}/${name}`)) ?? null;
  } finally {
    Deno.removeSync(dir);
  }
}

function readableFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The text of a file; null where there is none. */
export function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw cause;
  }
}

/** The file of a new cgroup that weighs its block IO; null where nothing does. */
export function weightFile(): string | null {
  return fileOfNewCgroup("blkio", ["blkio.weight", "blkio.bfq.weight"]) ??
    fileOfNewCgroup("io", ["io.bfq.weight", "io.weight"]);
}

/** Numbers of a whole block device of this host, `MAJOR:MINOR`; null where there is none. */
export function blockDevice(): string | null {
  for (const { name } of Deno.readDirSync("/sys/block")) {
    const numbers = readText(`/sys/block/${name}/dev`)?.trim();
    if (numbers !== undefined && !numbers.startsWith("1:")) return numbers;
  }
  return null;
}
