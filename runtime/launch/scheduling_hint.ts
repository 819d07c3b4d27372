import { ERRNO } from "syscalls/abi/errno.ts";
import type { SchedulingStep } from "runtime/plan/step.ts";

type SetScheduler = Extract<SchedulingStep, { kind: "setScheduler" }>;

/** What to do about a failure to schedule the process as it was asked for, or null. */
export function schedulingHint(step: SchedulingStep, errno: number): string | null {
  switch (step.kind) {
    case "setScheduler":
      return schedulerHint(step, errno);
    case "setCpuAffinity":
      return errno === ERRNO.EINVAL ? "the container may use none of these CPUs" : null;
    case "setIoPriority":
      return errno === ERRNO.EPERM ? "IOPRIO_CLASS_RT needs CAP_SYS_NICE on the host" : null;
    case "setPersonality":
      return errno === ERRNO.EINVAL ? "this machine runs no 32-bit programs" : null;
    case "setMemoryPolicy":
      if (errno === ERRNO.ENOSYS) return "this kernel knows no NUMA nodes";
      return errno === ERRNO.EINVAL
        ? "none of the nodes is there for the container, or the kernel does not know the mode with these flags"
        : null;
  }
}

function schedulerHint(
  { scheduler, confined }: SetScheduler,
  errno: number,
): string | null {
  const { policy } = scheduler;
  switch (errno) {
    case ERRNO.EPERM:
      // runc's words, of the systemd property that sets a cpuset.
      if (confined) return "process scheduler can't be used together with AllowedCPUs";
      return policy === "SCHED_FIFO" || policy === "SCHED_RR"
        ? "it needs CAP_SYS_NICE on the host, and cpu.rt_runtime_us in a cgroup of version 1"
        : "it needs CAP_SYS_NICE on the host";
    case ERRNO.EBUSY:
      return "the CPUs have promised too much of their time to others already";
    case ERRNO.EOPNOTSUPP:
      return "this kernel has no utilization clamping";
    case ERRNO.EINVAL:
      return invalidScheduler(scheduler);
    default:
      return null;
  }
}

/** Why sched_setattr(2) takes the values for no policy; sched(7) has the rules. */
function invalidScheduler(
  { policy, runtime, deadline, period }: SetScheduler["scheduler"],
): string | null {
  switch (policy) {
    case "SCHED_ISO":
      return "Linux has no such policy";
    case "SCHED_FIFO":
    case "SCHED_RR":
      return "it needs a priority from 1 to 99";
    case "SCHED_DEADLINE":
      if (runtime < 1024n) return "runtime must be 1024 ns at least";
      if (runtime > deadline) return "runtime must not be longer than deadline";
      return period !== 0n && deadline > period ? "deadline must not be longer than period" : null;
    default:
      return null;
  }
}
