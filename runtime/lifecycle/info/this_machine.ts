import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { Layout } from "runtime/cgroups/hierarchies.ts";
import { buildInfo } from "runtime/base/build_info.ts";
import { findProgram } from "runtime/host/find_program.ts";
import { parseRelease } from "runtime/host/probe.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { userNameOf } from "runtime/host/subordinate_ids.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { findPath } from "syscalls/libc/paths.ts";
import { hasCapabilities, knownSeccompFlags, knowsCall, mayWrite } from "syscalls/libc/probes.ts";
import { connectUnix } from "syscalls/libc/unix_client.ts";
import type { Context } from "../context.ts";
import { features } from "../features.ts";
import { tryIdMappings } from "./id_mappings.ts";
import type { Caller, Lacking, Machine, Program } from "./machine.ts";

/** The machine that this runs on. What is asked for twice is read twice, but for the cgroups. */
export function thisMachine(context: Context): Machine {
  const release = Deno.osRelease();
  let known: Layout | undefined;
  return {
    program: programOf(context),
    caller: callerOf(),
    arch: Deno.build.arch,
    release,
    kernel: parseRelease(release),
    layout: () => known ??= hostLayout(),
    read,
    names,
    exists: (path) => findPath(path) === 0,
    mayWrite,
    find: findProgram,
    raisesRights,
    versionOf,
    connects,
    knows: knowsCall,
    seccompFlags: knownSeccompFlags,
    variable: (name) => processInfo().env(name),
    idMappings: () => tryIdMappings([context.root, "/run", "/dev/shm", "/tmp", "/var/lib", "/"]),
  };
}

/** What the document "features" says of this program, as far as it is asked for here. */
interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly linux: Readonly<
    Record<"seccomp" | "apparmor" | "selinux" | "intelRdt", { enabled: boolean }>
  >;
  readonly annotations: Readonly<Record<string, string>>;
}

function programOf(context: Context): Program {
  const { version, commit, link } = buildInfo();
  const { ociVersionMin, ociVersionMax, linux, annotations } = features(context) as Features;
  const lacks: Lacking[] = (["seccomp", "apparmor", "selinux", "intelRdt"] as const)
    .filter((name) => !linux[name].enabled);
  if (annotations["org.opencontainers.runc.checkpoint.enabled"] !== "true") {
    lacks.push("checkpoint");
  }
  const stateRoot = context.root;
  return {
    ...{ name: context.programName, version, commit, link, stateRoot },
    ...{ oldest: ociVersionMin, newest: ociVersionMax, lacks },
  };
}

function callerOf(): Caller {
  const status = read("/proc/self/status") ?? "";
  const [, capabilities = "0"] = /^CapEff:\s+([0-9a-f]+)$/m.exec(status) ?? [];
  const [uid, gid] = [Deno.uid() ?? 0, Deno.gid() ?? 0];
  // The initial one maps every id to itself (user_namespaces(7)).
  const map = (read("/proc/self/uid_map") ?? "").split(/\s+/).join(" ");
  return {
    ...{ uid, gid, name: userNameOf(uid) },
    inUserNamespace: map !== "" && map !== "0 0 4294967295",
    capabilities: BigInt(`0x${capabilities}`),
  };
}

function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    // Not there, or not for this caller: the question says what that means.
    return null;
  }
}

function names(folder: string): readonly string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  } catch {
    return [];
  }
}

const SETUID = 0o4000;

function raisesRights(file: string): boolean {
  const { mode, uid } = Deno.statSync(file);
  return uid === 0 && ((mode ?? 0) & SETUID) !== 0 || hasCapabilities(file);
}

function versionOf(file: string): string {
  const { stdout } = new Deno.Command(file, {
    args: ["--version"],
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout);
}

function connects(socket: string): boolean {
  try {
    using _socket = connectUnix(socket);
    return true;
  } catch (cause) {
    if (cause instanceof SyscallError) return false;
    throw cause;
  }
}
