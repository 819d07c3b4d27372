import type { Arch } from "./arch.ts";

/** linux/eventpoll.h. */
export const EPOLL = { EPOLL_CTL_ADD: 1, EPOLL_CLOEXEC: 0x80000, EPOLLIN: 1 } as const;

/** Room for `struct epoll_event` on every machine (linux/eventpoll.h: 12 bytes, packed, on x86-64 alone). */
export const EPOLL_EVENT_SIZE = 16;

/** Where a program finds `data` of a `struct epoll_event` that holds a small number: 8 bytes, and the bits of them. */
export interface EpollData {
  readonly offset: number;
  readonly mask: bigint;
  readonly shift: bigint;
}

const DATA: Readonly<Record<Arch, EpollData>> = {
  x86_64: { offset: 0, mask: 0xffff_ffff_0000_0000n, shift: 32n },
  aarch64: { offset: 8, mask: 0xffff_ffff_ffff_ffffn, shift: 0n },
};

export function epollData(arch: Arch): EpollData {
  return DATA[arch];
}

/** A `struct epoll_event` that waits for input and is told by the number `data`, below 2^32. */
export function encodeEpollEvent(arch: Arch, data: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(EPOLL_EVENT_SIZE));
  view.setUint32(0, EPOLL.EPOLLIN, true);
  view.setUint32(arch === "x86_64" ? 4 : 8, data, true);
  return new Uint8Array(view.buffer);
}
