import { assertEquals } from "@std/assert";
import { Pty } from "tests/support/pty.ts";
import type { Result } from "tests/support/ocirt.ts";

/** Who calls a client: the machine's root, or a user of it. */
interface Caller {
  sh(script: string): string;
  run(argv: readonly string[]): Result;
}

/** Output and status of a program that a client (`docker`, `podman`) runs, and the statuses of those that cannot be run. */
export function checkOutputAndStatus(caller: Caller, client: string): void {
  assertEquals(caller.sh(`${client} run --rm box echo hello`), "hello\n");
  const status = (...args: string[]): number =>
    caller.run([client, "run", "--rm", "box", ...args]).code;
  assertEquals(status("sh", "-c", "exit 7"), 7);
  assertEquals(status("no-such-program"), 127);
  assertEquals(status("/etc"), 126);
}

/** Runs shell lines in a container that is made with flags; gives their output. */
export type RunWith = (flags: string, script: string) => string;

/** Flags that mean the same to all. @param folder to work in, @param init that stands for the client's own */
export function checkUsualFlags(run: RunWith, folder: string, init: string): void {
  assertEquals(
    run(`--user 5:6 --env A=b --workdir ${folder}`, "id -u; id -g; echo $A; pwd"),
    `5\n6\nb\n${folder}\n`,
  );
  assertEquals(run("--hostname box --init", "hostname; cat /proc/1/comm"), `box\n${init}\n`);
  assertEquals(
    run("--cap-drop ALL", "grep CapEff /proc/self/status"),
    "CapEff:\t0000000000000000\n",
  );
  assertEquals(run("--device /dev/fuse", "ls /dev/fuse"), "/dev/fuse\n");
  assertEquals(run("--privileged", "mount -t tmpfs tmpfs /tmp && echo mounted"), "mounted\n");
}

/** A folder of the host's that may only be read, for who may share it. */
export function checkVolume(run: RunWith): void {
  assertEquals(
    run("--volume /image:/mnt:ro", "ls /mnt/bin/sh; touch /mnt/a 2>/dev/null || echo no"),
    "/mnt/bin/sh\nno\n",
  );
}

/**
 * The shell of a container has a terminal of its own, of the caller's size, and its status is the command's.
 * @param command starts the shell, by the executable on the host
 * @param look shows the size in the shell, at the latest when it is right
 */
export async function checkTerminal(
  command: readonly string[],
  look = "stty size",
): Promise<void> {
  using pty = new Pty({ rows: 31, columns: 97 });
  pty.start(command);
  await pty.waitFor(/# /);
  pty.type(`${look}\r`);
  await pty.waitFor(/31 97/);
  pty.type("tty; exit 3\r");
  await pty.waitFor(/\/dev\/pts\/0/);
  assertEquals(await pty.end(), 3);
}
