import { decodeText } from "syscalls/abi/text.ts";
import type { Pid } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { poll } from "syscalls/libc/poll.ts";
import { openPidfd, spawn, waitPid } from "syscalls/libc/process.ts";
import { makeRootfs } from "tests/support/bundle.ts";
import { OCIRT } from "tests/support/ocirt.ts";
import { runInProcess } from "./in_process.ts";

/** What came of one use of the program. */
export interface Outcome {
  /** As typed; bytes that are no UTF-8 are U+DC80 to U+DCFF, as in syscalls/abi/text.ts. */
  readonly args: readonly string[];
  /** The exit status; null for a program that a signal ended. */
  readonly code: number | null;
  readonly signal: number | null;
  /** It was ended because it took too long. */
  readonly hung: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a command may take, in milliseconds; most take 20, on a machine that has nothing else to do. */
const PATIENCE = 30_000;

const SCRIPT = 'cd "$1" && out=$2 && shift 2 && exec "$@" </dev/null >"$out/out" 2>"$out/err"';

/** Runs the program on files of its own, inside a sandbox. */
export class Box {
  readonly dir: string;
  /** The state root. */
  readonly root: string;
  /** Every command's working directory, and that of this process. */
  readonly cwd: string;
  readonly rootfs: string;
  /** Folder with a file `file`, a folder `dir` and a symlink `link` that leads nowhere. */
  readonly scratch: string;
  readonly #program: string;

  constructor(dir: string, program: string = OCIRT) {
    this.dir = dir;
    this.root = `${dir}/state`;
    this.cwd = `${dir.slice(0, dir.lastIndexOf("/"))}/cwd`;
    this.rootfs = `${dir}/rootfs`;
    this.scratch = `${dir}/scratch`;
    this.#program = program;
    for (const path of [dir, this.root, this.cwd, this.scratch, `${this.scratch}/dir`]) {
      Deno.mkdirSync(path, { recursive: true });
    }
    Deno.chdir(this.cwd);
    Deno.writeTextFileSync(`${this.scratch}/file`, "text\n");
    Deno.symlinkSync("nowhere", `${this.scratch}/link`);
    makeRootfs(this.rootfs);
  }

  /** The same as {@link bare}, or, in this process, nearly the same and much faster. */
  async run(args: readonly string[], boxed: boolean, patience = PATIENCE): Promise<Outcome> {
    return boxed ? this.bare(args, patience) : await runInProcess(args);
  }

  /** The program with the box's state root in front of the arguments. */
  ocirt(args: readonly string[], patience = PATIENCE): Outcome {
    return this.bare(["--root", this.root, ...args], patience);
  }

  /** The program with just these arguments. */
  bare(args: readonly string[], patience = PATIENCE): Outcome {
    const child = spawn({
      executable: "/bin/sh",
      argv: ["sh", "-c", SCRIPT, "sh", this.cwd, this.dir, this.#program, ...args],
      environ: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TMPDIR=/tmp"],
    });
    return { args, ...this.#wait(child, patience), ...this.#output() };
  }

  #wait(child: Pid, patience: number): Pick<Outcome, "code" | "signal" | "hung"> {
    using pidfd = openPidfd(child);
    const [ended] = poll([{ fd: pidfd.fd, events: Number(POLL.of("POLLIN")) }], patience);
    if (ended === 0) Deno.kill(child, "SIGKILL");
    const status = waitPid(child, { block: true });
    const hung = ended === 0;
    if (status?.kind !== "exited") return { code: null, signal: status?.signal ?? 0, hung };
    return { code: status.code, signal: null, hung };
  }

  #output(): Pick<Outcome, "stdout" | "stderr"> {
    const read = (name: string): string => decodeText(Deno.readFileSync(`${this.dir}/${name}`));
    return { stdout: read("out"), stderr: read("err") };
  }

  /** Empties a folder of the box. */
  clear(path: string): void {
    for (const { name } of Deno.readDirSync(path)) {
      Deno.removeSync(`${path}/${name}`, { recursive: true });
    }
  }
}
