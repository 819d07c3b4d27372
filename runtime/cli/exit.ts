import { exitNow } from "syscalls/libc/exit.ts";

/** Ends the program, all of whose output has been written by then. */
export function exit(status: number): never {
  exitNow(status);
}
