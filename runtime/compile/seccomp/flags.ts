import { SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import { SpecError } from "runtime/base/errors.ts";
import type { SeccompFlag, ValidSeccomp } from "runtime/spec/valid.ts";

/** The first kernel that has SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
const WAIT_KILLABLE_KERNEL = [5, 19] as const;

/** @throws {SpecError} when the kernel lacks a flag */
export function requireFlags(
  { flags }: Pick<ValidSeccomp, "flags">,
  [major, minor]: readonly [number, number],
  fileName: string,
): void {
  const flag = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";
  const [needsMajor, needsMinor] = WAIT_KILLABLE_KERNEL;
  const isKnown = major > needsMajor || major === needsMajor && minor >= needsMinor;
  const at = flags?.indexOf(flag) ?? -1;
  if (isKnown || at < 0) return;
  const text = `${flag} needs Linux ${needsMajor}.${needsMinor}, and this is ${major}.${minor}`;
  throw new SpecError(fileName, [{ path: `/linux/seccomp/flags/${at}`, text }]);
}

/** SECCOMP_FILTER_FLAG_* of a filter whose file has these. */
export function flagsOf(flags: readonly SeccompFlag[] | null, notifies: boolean): number {
  const wanted = flags ?? ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"];
  // TSYNC is for a process of several threads, and the init has one.
  const set = wanted.filter((flag) => flag !== "SECCOMP_FILTER_FLAG_TSYNC");
  return Number(SECCOMP_FILTER_FLAG.of(
    ...set,
    ...notifies ? ["SECCOMP_FILTER_FLAG_NEW_LISTENER"] as const : [],
  ));
}
