import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { testConfig } from "tests/support/bundle.ts";
import type { Contender } from "./contender.ts";

const ID = "bench-memory";
/** A container is tried with multiples of this many bytes. */
const STEP = 16 * 1024;
/** 64 MB: what needs more than that is not measured. */
const MOST = 4096;
/** How the kernel charges memory differs from run to run: that often a limit has to suffice. */
const TRIES = 3;

/** A static program that does nothing but end well, as small as can be: what is measured is the runtime. */
export function writeTiny(rootfs: string): void {
  const builder = new ProgramBuilder(0);
  builder.step({ label: "end", origin: "" });
  builder.exit(0);
  Deno.writeFileSync(`${rootfs}/bin/tiny`, link(builder.build(), hostArch()), { mode: 0o755 });
}

/** The smallest `memory.limit`, in KB, with which a contender still runs a tiny static program; null when none suffices. */
export function lowestMemory(contender: Contender, rootfs: string): number | null {
  let [low, high] = [0, 1];
  while (!runsWith(contender, rootfs, high * STEP)) {
    low = high;
    high *= 2;
    if (high > MOST) return null;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (runsWith(contender, rootfs, middle * STEP)) high = middle;
    else low = middle;
  }
  return high * STEP / 1024;
}

function runsWith({ name, command, bundle }: Contender, rootfs: string, limit: number): boolean {
  const folder = `${bundle}/memory`;
  Deno.mkdirSync(folder, { recursive: true });
  const config = testConfig(rootfs, `/ocirt-bench-${name}/m`);
  config["ociVersion"] = "1.0.2";
  config.process.args = ["/bin/tiny"];
  config.linux["resources"] = { memory: { limit } };
  Deno.writeTextFileSync(`${folder}/config.json`, JSON.stringify(config));
  for (let time = 0; time < TRIES; time++) {
    const ran = succeeds([...command, "run", "--bundle", folder, ID]);
    if (!ran) {
      succeeds([...command, "delete", "--force", ID]);
      return false;
    }
  }
  return true;
}

function succeeds([program = "", ...args]: readonly string[]): boolean {
  const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
  return new Deno.Command(program, { args, ...quiet }).outputSync().success;
}
