import { ERRNO, errnoName, errnoText } from "syscalls/abi/errno.ts";
import { failureSentence } from "syscalls/abi/syscall_error.ts";
import { ExecuteError, LaunchError } from "runtime/base/errors.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { MountStep } from "runtime/plan/mount_step.ts";
import type { Step } from "runtime/plan/step.ts";
import { schedulingHint } from "./scheduling_hint.ts";

/** What runc puts in front when its init fails; Docker, Podman and their users look for the words behind it. */
export const INIT_FAILED = "unable to start container process: error during container init: ";

const FAILED: Readonly<Record<Plan["purpose"], string>> = {
  create: INIT_FAILED,
  exec: "unable to start container process: ",
  // With what follows, Go's words for a program that cannot be started.
  hook: "fork/",
  mounts: "",
};

/** A failure of the init program, as a sentence: the step knows its words, the errno the reason. */
export function stepError(plan: Plan, index: number, errno: number): LaunchError {
  const step = plan.steps[index];
  if (step === undefined) {
    return new LaunchError(
      `Cannot create container: its init failed with errno ${errno} at step ${index}`,
    );
  }
  if (step.kind === "findExecutable") {
    return new LaunchError(FAILED[plan.purpose] + lookupWords(step.name, errno));
  }
  if (step.kind === "execute") {
    return executeError(plan.purpose, step.path ?? step.args[0] ?? "", errno);
  }
  if (isMount(step)) {
    return new LaunchError(FAILED[plan.purpose] + mountWords(step, errno, hintFor(step, errno)));
  }
  if (step.kind === "enterDirectory") {
    return new LaunchError(FAILED[plan.purpose] + directoryWords(step, errno));
  }
  if (step.kind === "setLabel" && step.module === "apparmor") {
    return new LaunchError(FAILED[plan.purpose] + profileWords(step, errno));
  }
  return new LaunchError(stepSentence(step, errno));
}

/** runc's words, with the errno's name and what it means here. */
function profileWords(step: Extract<Step, { kind: "setLabel" }>, errno: number): string {
  const hint = hintFor(step, errno);
  return `unable to apply apparmor profile: apparmor failed to apply profile: ${
    JSON.stringify(step.value)
  } (${step.origin}): ${errnoName(errno)} (${inSentence(errnoText(errno))})${
    hint === null ? "" : `; hint: ${hint}`
  }`;
}

/** runc's words: Docker looks for Go's text of the errno in them. */
function directoryWords(step: Extract<Step, { kind: "enterDirectory" }>, errno: number): string {
  const hint = hintFor(step, errno);
  return `chdir to cwd (${JSON.stringify(step.path)}) set in config.json failed: ${
    errnoName(errno)
  } (${inSentence(errnoText(errno))})${hint === null ? "" : `; hint: ${hint}`}`;
}

/** A failure of what the host half does for a bind mount; it knows more than the errno says. */
export function bindError(plan: Plan, step: BindStep, errno: number, hint: string): LaunchError {
  return new LaunchError(FAILED[plan.purpose] + mountWords(step, errno, hint));
}

export type BindStep = Extract<Step, { kind: "mountBind" }>;

/** A failure that the program forgave, as a warning. */
export function stepWarning(plan: Plan, index: number, errno: number): string {
  const step = plan.steps[index];
  return step === undefined ? `step ${index}: errno ${errno}` : stepSentence(step, errno);
}

function stepSentence(step: Step, errno: number): string {
  const at = step.label.indexOf(" ");
  const [verb, object] = at < 0
    ? [step.label, ""]
    : [step.label.slice(0, at), step.label.slice(at + 1)];
  const from = step.origin === "" ? "" : ` (${step.origin})`;
  const hint = hintFor(step, errno);
  return failureSentence({ verb, object: object + from, errno, ...hint === null ? {} : { hint } });
}

function isMount(step: Step): step is Step & ConfiguredMount {
  return step.kind === "mountFilesystem" || step.kind === "mountClassic" ||
    step.kind === "mountBind";
}

/** A mount of config.json, which has a source there. */
type ConfiguredMount = Exclude<MountStep, { kind: "attachMount" | "changeMount" }>;

/** runc's words, which callers look for, with the errno's name and the hint that every other failure has. */
function mountWords(step: Step & ConfiguredMount, errno: number, hint: string | null): string {
  const { source, destination, origin } = step;
  return `error mounting "${source}" to rootfs at "${destination}" (${origin}): ` +
    `${errnoName(errno)} (${inSentence(errnoText(errno))})${
      hint === null ? "" : `; hint: ${hint}`
    }`;
}

/** Go writes the texts of errnos with a small letter, and its users look for those. */
function inSentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Go's words for a failed exec.LookPath, which callers turn into exit codes 126 and 127. */
function lookupWords(name: string, errno: number): string {
  const quoted = JSON.stringify(name);
  if (errno === ERRNO.EACCES) return `exec: ${quoted}: permission denied`;
  if (errno === ERRNO.EISDIR) return `exec: ${quoted}: is a directory`;
  if (!name.includes("/")) return `exec: ${quoted}: executable file not found in $PATH`;
  const reason = errno === ERRNO.ENOTDIR ? "not a directory" : "no such file or directory";
  return `exec: ${quoted}: stat ${name}: ${reason}`;
}

const EXECUTE_REASONS: readonly (readonly [number, string])[] = [
  [ERRNO.ENOENT, "no such file or directory; hint: the interpreter it names may be missing"],
  [ERRNO.ENOEXEC, "exec format error; hint: it is for another machine, or a script without #!"],
  [ERRNO.EACCES, "permission denied"],
  [ERRNO.E2BIG, "argument list too long"],
  [ERRNO.ENOMEM, "cannot allocate memory; hint: the memory limit may be too low"],
  [ERRNO.ETXTBSY, "text file busy"],
];

/** A failure of execve(2) itself, in runc's words. */
export function executeError(
  purpose: Plan["purpose"],
  name: string,
  errno: number,
): ExecuteError {
  // Nobody has looked for a hook before.
  const reason = purpose === "hook" && errno === ERRNO.ENOENT
    ? "no such file or directory; hint: it is missing, or the interpreter that it names"
    : EXECUTE_REASONS.find(([number]) => number === errno)?.[1] ??
      `${errnoName(errno)} (${errnoText(errno)})`;
  const words = `exec ${name}: ${reason}`;
  return new ExecuteError(FAILED[purpose] + words, words.replace(/; hint: .*/, ""));
}

/** What to do about a failure, where there is something better to say than the errno's own words. */
function hintFor(step: Step, errno: number): string | null {
  switch (step.kind) {
    case "joinSessionKeyring":
      return keyringHint(errno);
    case "setCpuAffinity":
    case "setScheduler":
    case "setIoPriority":
    case "setPersonality":
    case "setMemoryPolicy":
      return schedulingHint(step, errno);
    case "installFilter":
      return filterHint(step, errno);
    default:
      return errno === ERRNO.ENOSYS ? "ocirt needs Linux 5.12 or newer" : usualHint(step, errno);
  }
}

function usualHint(step: Step, errno: number): string | null {
  switch (step.kind) {
    case "mountFilesystem":
    case "mountClassic":
      return mountHint(step, errno);
    case "mountBind":
      return bindHint(step, errno);
    case "unshare":
      return namespaceHint(errno);
    case "forkInit":
      return forkHint(step, errno);
    case "joinNamespace":
      return errno === ERRNO.EINVAL ? `the file is no ${step.type} namespace` : null;
    case "makeDevice":
      return deviceHint(step, errno);
    case "setLabel":
      return labelHint(step, errno);
    default: {
      const [known, hint] = ONE_HINT[step.kind] ?? [];
      return errno === known ? hint ?? null : null;
    }
  }
}

const UNMAPPED = [ERRNO.EINVAL, "the id is not mapped in the container's user namespace"] as const;
const FILE_ON_THE_WAY = [ERRNO.ENOTDIR, "a part of the path is a file"] as const;

/** Steps of which one errno says more than its name. */
const ONE_HINT: Readonly<Partial<Record<Step["kind"], readonly [errno: number, hint: string]>>> = {
  changeMount: [ERRNO.EINVAL, "nothing is mounted there"],
  setUser: UNMAPPED,
  setGroups: UNMAPPED,
  setRlimit: [
    ERRNO.EPERM,
    "raising a hard limit needs CAP_SYS_RESOURCE, which the runtime does not have",
  ],
  mountConsole: [ERRNO.EINVAL, "the image has a folder there"],
  enterDirectory: FILE_ON_THE_WAY,
  makeDirectory: FILE_ON_THE_WAY,
  writeSysctl: [ERRNO.ENOENT, "this kernel has no such parameter"],
  keepHostNull: [ERRNO.ENODEV, "it is not the device 1:3"],
  keepHostProc: [ERRNO.ENODEV, "it is no procfs"],
  // What pivot_root(2) and changes of propagation (mount_namespaces(7)) refuse is a "/" that is none of the usual kind.
  setRootPropagation: [
    ERRNO.EINVAL,
    '"/" is no mount point, as after chroot(1) into a folder; ' +
    "bind that folder onto itself before (mount --bind DIR DIR)",
  ],
  pivotRoot: [ERRNO.EINVAL, 'where "/" is a ramdisk (initramfs), --no-pivot does without'],
  openRoot: [ERRNO.EACCES, "a folder above it does not let the container's root user pass"],
  openOverlayRoot: [ERRNO.ENODEV, "this kernel has no overlay file system"],
};

function deviceHint(
  { how }: Extract<Step, { kind: "makeDevice" }>,
  errno: number,
): string | null {
  switch (errno) {
    case ERRNO.ENODEV:
      return "the host has another file there, which cannot be bound";
    case ERRNO.EEXIST:
      return "another file is there already";
    case ERRNO.ENOENT:
      return how === "bind"
        ? "a user namespace gets the host's device of the same path, and there is none"
        : null;
    default:
      return null;
  }
}

/** No other call of a mount fails with EXDEV. */
const INTO_PROC = "a symlink of the image leads the mount point inside /proc";

function filterHint(
  { flagsText }: Extract<Step, { kind: "installFilter" }>,
  errno: number,
): string | null {
  switch (errno) {
    case ERRNO.ENOSYS:
      return "this kernel has no seccomp filters";
    case ERRNO.EACCES:
      return "without noNewPrivileges it takes CAP_SYS_ADMIN, which the runtime does not have";
    case ERRNO.EBUSY:
      return "the runtime itself is in a filter with a listener, and there can be only one";
    case ERRNO.EINVAL:
      return `the flags are ${flagsText}; "features" tells which this kernel knows`;
    default:
      return null;
  }
}

function mountHint(
  step: Extract<Step, { kind: "mountFilesystem" | "mountClassic" }>,
  errno: number,
): string | null {
  switch (errno) {
    case ERRNO.ENODEV:
      return `this kernel has no file system "${step.type}"; a bind mount needs the option bind or rbind`;
    case ERRNO.EPERM:
      return step.type === "proc" || step.type === "sysfs"
        ? "in a user namespace it may be mounted only where the host's own is fully visible, and with its pid or network namespace"
        : "the runtime lacks the privilege to mount it here";
    case ERRNO.EINVAL:
      return contextHint(step) ?? "the file system does not know one of the mount's options";
    case ERRNO.ELOOP:
    case ERRNO.ENOTDIR:
      return `filesystem "${step.type}" must be mounted on ordinary directory`;
    case ERRNO.EOPNOTSUPP:
      return "the label of /linux/mountLabel needs SELinux";
    case ERRNO.EXDEV:
      return INTO_PROC;
    case ERRNO.ENOSPC:
      return "raise fs.mount-max";
    case ERRNO.EROFS:
      return "the mount point is missing, and the root is read-only";
    default:
      return null;
  }
}

function contextHint(
  step: Extract<Step, { kind: "mountFilesystem" | "mountClassic" }>,
): string | null {
  const options = step.kind === "mountFilesystem" ? step.parameters.join() : step.data;
  const option = /(?:^|,)((?:fs|def|root)?context)=/.exec(options)?.[1];
  if (option === undefined) return null;
  const hint = "the label of /linux/mountLabel needs SELinux, and one that its policy knows";
  return option === "defcontext"
    ? `${hint}; defcontext is for file systems that keep labels`
    : hint;
}

function bindHint(step: BindStep, errno: number): string | null {
  switch (errno) {
    case ERRNO.EXDEV:
      return INTO_PROC;
    case ERRNO.ENOENT:
      return `is the source "${step.source}" there?`;
    case ERRNO.EINVAL:
      return step.mustBeProc
        ? `"${step.destination}" cannot be mounted because it is not of type proc`
        : null;
    case ERRNO.EPERM:
      return step.flagsMayBeLocked
        ? "cannot clear locked flags of the source, nor change its access times, in a user namespace"
        : null;
    case ERRNO.EACCES:
      return step.flagsMayBeLocked ? "the container's root may not reach the source" : null;
    case ERRNO.ENOTDIR:
      return "source and mount point must both be directories or both be files";
    default:
      return null;
  }
}

function forkHint(
  { intoCgroup }: Extract<Step, { kind: "forkInit" }>,
  errno: number,
): string | null {
  if (errno === ERRNO.EAGAIN) return "a limit on the number of processes is reached";
  return (intoCgroup ? cgroupHint(errno) : null) ?? namespaceHint(errno);
}

/** Why a version 2 cgroup takes no process (cgroups(7)). */
export function cgroupHint(errno: number): string | null {
  switch (errno) {
    case ERRNO.EBUSY:
      return "the cgroup of /linux/cgroupsPath hands controllers on to cgroups below it, so it takes no process";
    case ERRNO.EOPNOTSUPP:
      return "the cgroup of /linux/cgroupsPath is threaded, or below one that is, so it takes no process";
    case ERRNO.EACCES:
      return "the runtime may not move processes into the cgroup of /linux/cgroupsPath from its own";
    default:
      return null;
  }
}

function namespaceHint(errno: number): string | null {
  if (errno === ERRNO.ENOSPC) return "a limit in /proc/sys/user is reached";
  if (errno === ERRNO.EPERM) return "the runtime must be root, or in a user namespace";
  if (errno === ERRNO.EINVAL) return "this kernel lacks one of the namespace types";
  return null;
}

function labelHint(
  { module }: Extract<Step, { kind: "setLabel" }>,
  errno: number,
): string | null {
  if (errno === ERRNO.EXDEV) return "something is mounted over the host's /proc";
  if (module === "apparmor") {
    switch (errno) {
      case ERRNO.ENOENT:
        return "the profile is not loaded, see apparmor_parser(8)";
      case ERRNO.EACCES:
      case ERRNO.EPERM:
        return "the profile that the runtime has does not allow it";
    }
  } else if (errno === ERRNO.EINVAL) return "the SELinux policy knows no such context";
  else if (errno === ERRNO.EACCES) return "the SELinux policy does not allow the runtime to";
  return null;
}

function keyringHint(errno: number): string | null {
  switch (errno) {
    case ERRNO.ENOSYS:
      return "this kernel has no keyrings, so the process could not find the caller's keys anyway";
    case ERRNO.EDQUOT:
      return "the user's quota of keys is used up, see /proc/key-users; --no-new-keyring does without";
    case ERRNO.EPERM:
    case ERRNO.EACCES:
      return "--no-new-keyring keeps the caller's session keyring";
    default:
      return null;
  }
}
