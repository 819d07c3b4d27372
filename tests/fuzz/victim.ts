import { mode, type Pid } from "syscalls/abi/brand.ts";
import { makeFifo } from "syscalls/libc/files.ts";
import { spawn } from "syscalls/libc/process.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { isAlive, readProcess } from "runtime/state/status.ts";
import { RECORD } from "tests/support/record.ts";
import { testConfig } from "tests/support/bundle.ts";
import type { Box } from "./box.ts";
import { rewritten } from "./harmless.ts";

/** Stand for the values of the process, which are others each time: inputs depend on their seed alone. */
const STAND_IN = { pid: 424_242, startTime: "VICTIM", cgroups: ["/victims"] };

/** A process in cgroups of its own that damaged records may speak of: there is a new one when it has died of that. */
export class Victim {
  /** The record of a container whose init it would be, with stand-ins. */
  readonly template: unknown;
  readonly #box: Box;
  readonly #cgroups = hostLayout().hierarchies.map(({ mountpoint }) => `${mountpoint}/victim`);
  #process: { readonly pid: Pid; readonly startTime: string } | null = null;

  constructor(box: Box) {
    this.#box = box;
    const { dir: bundle, rootfs } = box;
    this.template = { ...RECORD, ...STAND_IN, id: "c", bundle, rootfs, annotations: { a: "b" } };
  }

  /** Sees to it that there is one, and that nothing of a cgroup is frozen. */
  revive(): void {
    for (const dir of this.#cgroups) {
      Deno.mkdirSync(dir, { recursive: true });
      for (const [file, value] of [["freezer.state", "THAWED"], ["cgroup.freeze", "0"]] as const) {
        write(`${dir}/${file}`, value);
      }
      for (const file of ["cpuset.cpus", "cpuset.mems"]) copyDown(dir, file);
    }
    if (this.#process !== null && isAlive(this.#process)) return;
    const pid = spawn({ executable: "/bin/sleep", argv: ["sleep", "1000000"], environ: [] });
    for (const dir of this.#cgroups) Deno.writeTextFileSync(`${dir}/cgroup.procs`, String(pid));
    this.#process = { pid, startTime: readProcess(pid)?.startTime ?? "" };
  }

  /** A record's text with the process's values in place of the stand-ins, and without what would hit the fuzzer. */
  record(text: string): string {
    const { pid, startTime } = this.#process ?? { pid: 0, startTime: "" };
    const own = text.replaceAll(String(STAND_IN.pid), String(pid))
      .replaceAll(STAND_IN.startTime, startTime)
      .replaceAll(JSON.stringify(STAND_IN.cgroups), JSON.stringify(this.#cgroups));
    return harmlessRecord(own, this.#cgroups);
  }

  /** The files of a container's folder as create leaves them. */
  furnish(folder: string): void {
    const config = testConfig(this.#box.rootfs, "/victim");
    Deno.writeTextFileSync(`${folder}/config.json`, JSON.stringify(config));
    Deno.mkdirSync(`${folder}/scratch`);
    Deno.mkdirSync(`${folder}/outcome`);
    makeFifo(`${folder}/exec.fifo`, mode(0o600));
  }
}

/** Writes to a file that not every kind of cgroup has. */
function write(file: string, value: string): void {
  try {
    Deno.writeTextFileSync(file, value, { create: false });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
}

/** A version 1 cpuset takes nobody in before it is told which CPUs there are. */
function copyDown(dir: string, file: string): void {
  try {
    const parent = dir.slice(0, dir.lastIndexOf("/"));
    write(`${dir}/${file}`, Deno.readTextFileSync(`${parent}/${file}`).trim());
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
}

/** What a record may not name: cgroups that the fuzzer is in, mounts that it needs. */
function harmlessRecord(text: string, cgroups: readonly string[]): string {
  const isFine = (dir: unknown): boolean =>
    typeof dir !== "string" || cgroups.includes(dir) || !dir.includes("cgroup");
  return rewritten(text, (value) => {
    if (typeof value !== "object" || value === null) return;
    const record = value as Record<string, unknown>;
    for (const name of ["cgroups", "cgroupCreated"]) {
      const list = record[name];
      if (Array.isArray(list) && !list.every(isFine)) record[name] = [];
    }
    const mount = record["sharedMount"];
    if (typeof mount === "string" && mount.startsWith("/") && !mount.startsWith("/nonexistent")) {
      record["sharedMount"] = `/nonexistent${mount.slice(0, 20)}`;
    }
  });
}
