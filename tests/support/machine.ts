import type { Layout } from "runtime/cgroups/hierarchies.ts";
import type { Caller, Machine, ProbedCall } from "runtime/lifecycle/info/machine.ts";

/** What of a made-up machine is other than usual. */
export interface Oddities {
  /** Files with their texts, folders with null. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** What can be written to; everything unless given. */
  readonly writable?: readonly string[];
  readonly programs?: readonly string[];
  /** What CRIU says when it is asked for its version. */
  readonly criuSays?: string;
  readonly setuid?: readonly string[];
  readonly sockets?: readonly string[];
  readonly missingCalls?: readonly ProbedCall[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly caller?: Partial<Caller>;
  readonly layout?: Layout;
  readonly machine?: Partial<Machine>;
}

/** Version 2 alone, with this process in a session of user 1000. */
export const UNIFIED: Layout = {
  kind: "v2",
  hierarchies: [{
    version: 2,
    controllers: [],
    mountpoint: "/sys/fs/cgroup",
    root: "/",
    own: "/user.slice/session",
  }],
};

const EVERY_CAPABILITY = (1n << 41n) - 1n;

/** A machine for the questions of `info`: Linux 6.12, root, no file but those given. */
export function madeUpMachine(odd: Oddities = {}): Machine {
  const files = odd.files ?? {};
  return {
    program: {
      ...{ name: "ocirt", version: "1.2.3", commit: "abc", link: "embed", stateRoot: "/run/ocirt" },
      ...{ oldest: "1.0.0", newest: "1.3.0", lacks: [] },
    },
    caller: {
      ...{ uid: 0, gid: 0, name: "root", inUserNamespace: false },
      ...{ capabilities: EVERY_CAPABILITY, ...odd.caller },
    },
    arch: "x86_64",
    release: "6.12.0",
    kernel: [6, 12],
    layout: () => odd.layout ?? UNIFIED,
    read: (path) => files[path] ?? null,
    names: (folder) =>
      Object.keys(files).filter((path) => path.slice(0, path.lastIndexOf("/")) === folder)
        .map((path) => path.slice(folder.length + 1)).sort(),
    exists: (path) => path in files,
    mayWrite: (path) => odd.writable?.includes(path) ?? true,
    find: (program) => odd.programs?.includes(program) === true ? `/usr/bin/${program}` : null,
    raisesRights: (file) => odd.setuid?.includes(file) === true,
    versionOf: () => odd.criuSays ?? "Version: 4.2.1\n",
    connects: (socket) => odd.sockets?.includes(socket) === true,
    knows: (call) => odd.missingCalls?.includes(call) !== true,
    seccompFlags: () => ["SECCOMP_FILTER_FLAG_TSYNC"],
    variable: (name) => odd.variables?.[name],
    idMappings: () => [],
    ...odd.machine,
  };
}
