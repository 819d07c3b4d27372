import { fd } from "syscalls/abi/brand.ts";
import { isInheritable } from "syscalls/libc/files.ts";
import { UsageError } from "runtime/base/errors.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { OWN_DESCRIPTORS } from "runtime/plan/protocol.ts";

/** Sockets that a service manager gave this process, as descriptors from 3 on (sd_listen_fds(3)). */
export interface Activation {
  readonly count: number;
  /** What tells the container's process of them. */
  readonly variables: readonly string[];
}

/** For so many there is always room: no limit in use is below 256. */
const FEW = 64;

const NONE: Activation = { count: 0, variables: [] };

/** The sockets that the caller's environment tells of; they count only when they are meant for this very process. */
export function activation(
  env: (name: string) => string | undefined,
  ownPid: number,
): Activation {
  if (wholeNumber(env("LISTEN_PID")) !== ownPid) return NONE;
  const count = wholeNumber(env("LISTEN_FDS"));
  if (count === 0) return NONE;
  const names = env("LISTEN_FDNAMES");
  return {
    count,
    variables: [
      `LISTEN_FDS=${count}`,
      "LISTEN_PID=1",
      ...names === undefined ? [] : [`LISTEN_FDNAMES=${names}`],
    ],
  };
}

function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/**
 * How many descriptors from 3 on a process keeps. Each must be open, and the caller's: where one was missing, something of
 * this program's own could take its number and be handed on in its place.
 *
 * @throws {UsageError} in runc's words for one that is not
 */
export function preservedFds(asked: number, activated = 0): number {
  const all = activated + asked;
  const { hard } = processInfo().nofile;
  if (all > FEW && BigInt(all + OWN_DESCRIPTORS) > hard) {
    throw new UsageError(
      `Cannot hand on ${all} descriptors: making a container takes ${OWN_DESCRIPTORS} more, and the hard limit of open files ` +
        `(RLIMIT_NOFILE) is ${hard}`,
    );
  }
  for (let i = 0; i < all; i++) {
    if (isInheritable(fd(3 + i))) continue;
    if (i < activated) {
      throw new UsageError(
        `Cannot hand on descriptor ${3 + i}: it is not open, but LISTEN_FDS is ${activated}`,
      );
    }
    throw new UsageError(
      `unable to stat preserved-fd ${i - activated} (of ${asked}): no such file or directory`,
    );
  }
  return all;
}
