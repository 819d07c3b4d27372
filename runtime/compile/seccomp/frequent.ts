import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";

/** Calls that programs make all the time, and how much more often than others; rough numbers, for the shape of a search alone. */
const FREQUENT: Readonly<Record<string, number>> = {
  read: 300,
  write: 150,
  close: 30,
  openat: 30,
  futex: 50,
  epoll_wait: 30,
  epoll_pwait: 30,
  recvmsg: 20,
  sendmsg: 20,
  recvfrom: 20,
  sendto: 20,
  newfstatat: 15,
  fstat: 10,
  mmap: 10,
  munmap: 10,
  mprotect: 10,
  madvise: 10,
  ioctl: 10,
  lseek: 10,
  poll: 10,
  ppoll: 10,
  pread64: 10,
  readv: 10,
  writev: 10,
  statx: 10,
  rt_sigprocmask: 10,
  clock_gettime: 10,
  clock_nanosleep: 10,
  getpid: 5,
  gettid: 5,
};

/** How often a call is made, by number, where an architecture has it: parts of some 900, beside 1 for all others. */
export function frequencies(table: SyscallTable): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const name in FREQUENT) {
    const number = table[name];
    if (number !== undefined) found.set(number, FREQUENT[name] as number);
  }
  return found;
}
