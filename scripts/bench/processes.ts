import { fd, type Pid } from "syscalls/abi/brand.ts";
import { F } from "syscalls/abi/fcntl.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { call } from "syscalls/libc/call.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { reapAny, spawn, waitPid } from "syscalls/libc/process.ts";

const ENVIRON = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

/**
 * Runs a program to its end and gives the time it took, from before the spawn until after the wait, in milliseconds.
 * @throws {Error} when it does not end well: a failure must not look fast
 */
export function timed(argv: readonly string[]): number {
  const [executable = ""] = argv;
  const begin = performance.now();
  const child = spawn({ executable, argv, environ: ENVIRON });
  const status = waitPid(child, { block: true });
  const time = performance.now() - begin;
  if (status?.kind === "exited" && status.code === 0) return time;
  throw new Error(`Cannot measure ${argv.join(" ")}: it ended with ${JSON.stringify(status)}`);
}

/**
 * Sends what children write to standard output nowhere, and lets them read nothing, until it is disposed of. Nothing is
 * started for it, so that it costs none of them anything.
 */
export function silence(): Disposable {
  const attempt = { verb: "redirect", object: "standard input and output" };
  const kept = [0, 1].map((number) =>
    new OwnedFd(fd(call(attempt, "fcntl", number, F.F_DUPFD_CLOEXEC, 10)))
  );
  using nothing = openFile("/dev/null", openFlags(hostArch()).of("O_RDWR"));
  for (const number of [0, 1]) call(attempt, "dup3", nothing.fd, number, 0);
  return {
    [Symbol.dispose]: () => {
      for (const [number, file] of kept.entries()) {
        call(attempt, "dup3", file.fd, number, 0);
        file[Symbol.dispose]();
      }
    },
  };
}

/** Waits until a process that is no child, or was given to this process, has ended. */
export function awaitEnd(process: Pid): void {
  const end = performance.now() + 10_000;
  while (performance.now() < end) {
    while (reapAny() !== null);
    try {
      const stat = Deno.readTextFileSync(`/proc/${process}/stat`);
      if (/\) [ZX] /.test(stat)) return;
    } catch (error) {
      // ESRCH comes as a plain error, from a process that ends while it is read.
      if (error instanceof Error) return;
      throw error;
    }
  }
  throw new Error(`Cannot wait for process ${process}: it is still there after 10 s`);
}
