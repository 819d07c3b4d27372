/** A number or bigint that the type checker keeps apart from every other one of its kind. */
export type Brand<Base, Name extends string> = Base & { readonly __brand: Name };

/** A file descriptor of this process. */
export type Fd = Brand<number, "Fd">;
/** A process id, as the host half sees it. */
export type Pid = Brand<number, "Pid">;
/** A user id. */
export type Uid = Brand<number, "Uid">;
/** A group id. */
export type Gid = Brand<number, "Gid">;
/** File permission bits (and set-id, sticky), `0` to `0o7777`. */
export type Mode = Brand<number, "Mode">;

export function fd(value: number): Fd {
  return value as Fd;
}
export function pid(value: number): Pid {
  return value as Pid;
}
export function uid(value: number): Uid {
  return value as Uid;
}
export function gid(value: number): Gid {
  return value as Gid;
}
export function mode(value: number): Mode {
  return value as Mode;
}

/** "The current directory" for the `*at` calls (fcntl.h). */
export const AT_FDCWD: Fd = fd(-100);
