/** A call that can also be made by another, whose first argument says which. */
export interface Multiplexed {
  readonly by: "socketcall" | "ipc";
  readonly number: number;
}

/** `SYS_*` of linux/net.h, by their numbers from 1 on. */
const SOCKET_CALLS = [
  "socket",
  "bind",
  "connect",
  "listen",
  "accept",
  "getsockname",
  "getpeername",
  "socketpair",
  "send",
  "recv",
  "sendto",
  "recvfrom",
  "shutdown",
  "setsockopt",
  "getsockopt",
  "sendmsg",
  "recvmsg",
  "accept4",
  "recvmmsg",
  "sendmmsg",
];

/** linux/ipc.h */
const IPC_CALLS = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

/** The calls that socketcall(2) and ipc(2) make, by name. */
export const MULTIPLEXED: ReadonlyMap<string, Multiplexed> = new Map<string, Multiplexed>([
  ...SOCKET_CALLS.map((name, i) => [name, { by: "socketcall", number: i + 1 }] as const),
  ...Object.entries(IPC_CALLS).map(([name, number]) => [name, { by: "ipc", number }] as const),
]);
