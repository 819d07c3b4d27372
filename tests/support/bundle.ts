import { findProgram } from "scripts/test/find_program.ts";
import { specTemplate } from "runtime/spec/template.ts";
import type { IdMapping } from "runtime/spec/valid.ts";

/** A config.json that a test edits; what is not named here goes by its own name. */
export interface TestConfig {
  [property: string]: unknown;
  process: {
    [property: string]: unknown;
    args: string[];
    env: string[];
    cwd: string;
    user: Record<string, unknown>;
  };
  root: { path: string; readonly?: boolean };
  mounts: TestMount[];
  linux: {
    [property: string]: unknown;
    namespaces: { type: string; path?: string }[];
    maskedPaths: string[];
    readonlyPaths: string[];
  };
}

export interface TestMount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

export type Edit = (config: TestConfig) => void;

const APPLETS = [
  ..."awk cat chmod cp cut date df dirname dd echo env expr false find grep head hostname id ifconfig ip"
    .split(" "),
  ..."kill ln ls mkdir mknod mount mv nc nproc od printf ps pwd readlink realpath rm rmdir sed seq sh sleep"
    .split(" "),
  ..."sort stat stty sync tail tee test touch tr true tty umask umount uname wc which whoami xargs"
    .split(" "),
];

/** What the commands of `spec` write, without a terminal, running `true`. */
export function testConfig(rootfs: string, cgroupsPath: string): TestConfig {
  const text = specTemplate({ rootless: null, cgroup2: false, hostname: "box" });
  const config = JSON.parse(text) as TestConfig;
  config.process["terminal"] = false;
  config.process.args = ["true"];
  config.root.path = rootfs;
  config.linux["cgroupsPath"] = cgroupsPath;
  return config;
}

/** Makes a root filesystem of busybox and the few files that a program expects. */
export function makeRootfs(dir: string): void {
  for (const name of ["bin", "dev", "etc", "proc", "root", "sys", "tmp", "var"]) {
    Deno.mkdirSync(`${dir}/${name}`, { recursive: true });
  }
  Deno.copyFileSync(busybox(), `${dir}/bin/busybox`);
  Deno.chmodSync(`${dir}/bin/busybox`, 0o755);
  for (const applet of APPLETS) Deno.symlinkSync("busybox", `${dir}/bin/${applet}`);
  Deno.writeTextFileSync(`${dir}/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\n");
  Deno.writeTextFileSync(`${dir}/etc/group`, "root:x:0:\n");
}

/** Makes a user and the group of the same number the owner of a folder and all that is in it. */
export function giveTo(path: string, id: number): void {
  Deno.chownSync(path, id, id);
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(path)) {
    if (isDirectory) giveTo(`${path}/${name}`, id);
    else if (!isSymlink) Deno.chownSync(`${path}/${name}`, id, id);
  }
}

function busybox(): string {
  const path = findProgram("busybox");
  if (path !== null) return path;
  throw new Error("Cannot find busybox on PATH; hint: apt-get install busybox-static");
}
