import { UsageError } from "runtime/base/errors.ts";
import type { ProcessConfig } from "./config.ts";

/** What the process of `exec` is, as its command line says. */
export interface ProcessChanges {
  readonly args: readonly string[];
  readonly cwd: string | null;
  /** `KEY=value` each; later ones win over the container's. */
  readonly env: readonly string[];
  readonly tty: boolean;
  /** `uid[:gid]`. */
  readonly user: string | null;
  readonly additionalGids: readonly string[];
  /** Capabilities to add, with or without CAP_. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly processLabel: string | null;
  readonly apparmor: string | null;
}

/**
 * The process that a command line asks for: the container's own with other words.
 *
 * @throws {UsageError} when a word of the command line is wrong
 */
export function changedProcess(
  base: ProcessConfig | undefined,
  options: ProcessChanges,
): ProcessConfig {
  if (base === undefined) {
    throw new UsageError("Cannot execute command: the container's config.json has no process");
  }
  if (options.args.length === 0) {
    throw new UsageError("process args cannot be empty; hint: name a program, or use --process");
  }
  const { args, cwd, env, tty, noNewPrivileges, processLabel, apparmor } = options;
  const { consoleSize: _size, ...rest } = base;
  return {
    ...rest,
    args: [...args],
    cwd: cwd ?? base.cwd,
    env: [...base.env ?? [], ...env],
    terminal: tty,
    user: userOf(base, options),
    ...capabilitiesOf(base, options),
    ...noNewPrivileges ? { noNewPrivileges } : {},
    // As with runc, an empty word is none.
    ...processLabel ? { selinuxLabel: processLabel } : {},
    ...apparmor ? { apparmorProfile: apparmor } : {},
  };
}

/** What a process that leaves it out has from the container's own, as in runc. */
const INHERITED = [
  "apparmorProfile",
  "capabilities",
  "execCPUAffinity",
  "ioPriority",
  "rlimits",
  "scheduler",
  "selinuxLabel",
] as const;

/** The process that a file describes: its limits, powers and labels are the container's where the file has none. */
export function describedProcess(
  described: ProcessConfig,
  base: ProcessConfig | undefined,
): ProcessConfig {
  const from: Partial<ProcessConfig> = base ?? {};
  const left = INHERITED.filter((name) => {
    const own = described[name] ?? "";
    return own === "" || Array.isArray(own) && own.length === 0;
  });
  const given = left.filter((name) => from[name] !== undefined);
  return { ...described, ...Object.fromEntries(given.map((name) => [name, from[name]])) };
}

function userOf(
  { user: base }: ProcessConfig,
  { user, additionalGids }: ProcessChanges,
): NonNullable<ProcessConfig["user"]> {
  const own = base ?? { uid: 0, gid: 0 };
  const gids = additionalGids.map((gid) => id(gid, "--additional-gids"));
  const groups = [...own.additionalGids ?? [], ...gids];
  const ids = user === null ? {} : parseUser(user);
  return { ...own, ...ids, ...groups.length === 0 ? {} : { additionalGids: groups } };
}

/** Numbers and nothing else (CVE-2026-30892): a name would mean something else in the image. */
function parseUser(text: string): { uid: number; gid?: number } {
  const [uid = "", gid, ...more] = text.split(":");
  if (more.length > 0) throw wrongId(text, "--user");
  return { uid: id(uid, "--user"), ...gid === undefined ? {} : { gid: id(gid, "--user") } };
}

function id(text: string, flag: string): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number > 0xffff_fffe) throw wrongId(text, flag);
  return number;
}

function wrongId(text: string, flag: string): UsageError {
  const wanted = flag === "--user" ? "uid or uid:gid in numbers" : "a number";
  return new UsageError(`Cannot use flag ${flag}: ${JSON.stringify(text)} is not ${wanted}`);
}

/**
 * Capabilities that a command line adds are never inheritable, and ambient only where they are inheritable already
 * (CVE-2022-29162).
 */
function capabilitiesOf(
  { capabilities = {} }: ProcessConfig,
  { capabilities: added }: ProcessChanges,
): Pick<ProcessConfig, "capabilities"> {
  if (added.length === 0) return {};
  const names = added.map(capabilityName);
  const plus = (set: readonly string[] | undefined, more = names): string[] => [
    ...new Set([...set ?? [], ...more]),
  ];
  const { bounding, effective, permitted, inheritable, ambient } = capabilities;
  const inherited = names.filter((name) => inheritable?.includes(name) === true);
  return {
    capabilities: {
      ...capabilities,
      bounding: plus(bounding),
      effective: plus(effective),
      permitted: plus(permitted),
      ...inherited.length === 0 ? {} : { ambient: plus(ambient, inherited) },
    },
  };
}

function capabilityName(text: string): string {
  const upper = text.toUpperCase();
  return upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}
