import { assertEquals } from "@std/assert";
import type { Result } from "tests/support/ocirt.ts";
import type { Machine } from "./machine.ts";

export interface UserOptions {
  readonly name: string;
  readonly id: number;
  /** First of 65536 ids that the user may map besides the own one; null for none. */
  readonly moreIds: number | null;
}

/** An ordinary user of a machine, as after a login: with a home, a folder for what runs, and ids to map. */
export class User {
  readonly home: string;
  readonly #machine: Machine;
  readonly #flags: readonly string[];
  readonly #env: readonly string[];

  constructor(machine: Machine, { name, id, moreIds }: UserOptions) {
    this.#machine = machine;
    this.home = `/home/${name}`;
    const runtimeDir = `/run/user/${id}`;
    this.#flags = ["--user", `${id}:${id}`, "--cwd", this.home];
    this.#env = ["env", `HOME=${this.home}`, `USER=${name}`, `XDG_RUNTIME_DIR=${runtimeDir}`];
    machine.sh(`echo ${name}:x:${id}:${id}::${this.home}:/bin/sh >>/etc/passwd
echo ${name}:x:${id}: >>/etc/group
mkdir -p -m 755 /run/user
mkdir -m 700 ${this.home} ${runtimeDir}
chown ${id}:${id} ${this.home} ${runtimeDir}
touch /etc/subuid /etc/subgid`);
    if (moreIds === null) return;
    machine.sh(`echo ${name}:${moreIds}:65536 | tee -a /etc/subuid >>/etc/subgid`);
  }

  run(argv: readonly string[]): Result {
    return this.#machine.run([...this.#env, ...argv], { flags: this.#flags });
  }

  /** The same while others run. */
  runAsync(argv: readonly string[]): Promise<Result> {
    return this.#machine.runAsync([...this.#env, ...argv], { flags: this.#flags });
  }

  /** Runs shell lines that must succeed, and gives what they wrote to standard output. */
  sh(script: string): string {
    const { code, stdout, stderr } = this.run(["sh", "-ec", script]);
    assertEquals(code, 0, `${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Arguments for the executable on the host, for who brings a terminal. */
  exec(argv: readonly string[]): string[] {
    return this.#machine.exec([...this.#env, ...argv], ["--tty", ...this.#flags]);
  }
}
