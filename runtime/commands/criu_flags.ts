import {
  booleanFlag,
  type Flag,
  type Invocation,
  listFlag,
  stringFlag,
} from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import type { CriuChoices } from "runtime/lifecycle/criu.ts";

const CGROUP_MODES = ["soft", "full", "strict", "ignore"] as const;
const NETWORK_LOCKS = ["iptables", "nftables", "skip"] as const;

/** The flags that checkpoint and restore have in common. */
export const CRIU_FLAGS: readonly Flag[] = [
  {
    name: "image-path",
    type: "string",
    metavar: "DIR",
    help: "the folder of the images (default: ./checkpoint)",
  },
  {
    name: "work-path",
    type: "string",
    metavar: "DIR",
    help: "the folder of criu's log (default: that of the images)",
  },
  { name: "tcp-established", type: "boolean", help: "allow open TCP connections" },
  { name: "ext-unix-sk", type: "boolean", help: "allow unix sockets to the outside" },
  { name: "shell-job", type: "boolean", help: "allow processes that use a terminal of the host" },
  { name: "file-locks", type: "boolean", help: "handle file locks" },
  {
    name: "manage-cgroups-mode",
    type: "string",
    metavar: "MODE",
    help: "what is kept of cgroups inside: soft, full, strict or ignore (default: soft)",
    choices: CGROUP_MODES,
  },
  {
    name: "network-lock",
    type: "string",
    metavar: "METHOD",
    help: "how criu holds back packets: iptables, nftables or skip (default: criu's)",
    choices: NETWORK_LOCKS,
  },
  {
    name: "empty-ns",
    type: "list",
    metavar: "TYPE",
    help: "a namespace whose content is left out; network always is",
  },
  { name: "auto-dedup", type: "boolean", help: "free memory images that are in newer ones too" },
  { name: "lazy-pages", type: "boolean", help: "move memory when it is used (userfaultfd)" },
];

/** What those flags ask for. */
export function criuChoices(invocation: Invocation): CriuChoices {
  for (const name of listFlag(invocation, "empty-ns")) {
    if (name === "network") continue;
    throw new UsageError(`Cannot use flag --empty-ns: "${name}" is not network`);
  }
  const workPath = stringFlag(invocation, "work-path");
  return {
    imagePath: resolveUserPath(stringFlag(invocation, "image-path") ?? "checkpoint"),
    workPath: workPath === null ? null : resolveUserPath(workPath),
    tcpEstablished: booleanFlag(invocation, "tcp-established"),
    extUnixSk: booleanFlag(invocation, "ext-unix-sk"),
    shellJob: booleanFlag(invocation, "shell-job"),
    fileLocks: booleanFlag(invocation, "file-locks"),
    autoDedup: booleanFlag(invocation, "auto-dedup"),
    lazyPages: booleanFlag(invocation, "lazy-pages"),
    cgroupsMode: choice(invocation, "manage-cgroups-mode", CGROUP_MODES),
    networkLock: choice(invocation, "network-lock", NETWORK_LOCKS),
  };
}

function choice<Word extends string>(
  invocation: Invocation,
  name: string,
  words: readonly Word[],
): Word | null {
  const given = stringFlag(invocation, name);
  return words.find((word) => word === given) ?? null;
}
