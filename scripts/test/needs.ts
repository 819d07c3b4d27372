import { findProgram } from "./find_program.ts";

/** A program that tests start, and the Debian package that has it. */
interface Need {
  readonly program: string;
  readonly package: string;
  readonly why: string;
}

const EMULATOR = Deno.build.arch === "x86_64" ? "qemu-aarch64-static" : "qemu-x86_64-static";

const NEEDS: readonly Need[] = [
  { program: "busybox", package: "busybox-static", why: "the files of the test containers" },
  { program: EMULATOR, package: "qemu-user-static", why: "programs for the other machine" },
  { program: "criu", package: "criu", why: "checkpoints" },
  { program: "runc", package: "runc", why: "the bundle that runc makes" },
  { program: "strace", package: "strace", why: "counts of system calls" },
  { program: "losetup", package: "mount", why: "a block device of the tests' own" },
  { program: "fish", package: "fish", why: "completions" },
  { program: "zsh", package: "zsh", why: "completions" },
  { program: "newuidmap", package: "uidmap", why: "more ids for ordinary users" },
  { program: "mandoc", package: "mandoc", why: "the form of manual pages" },
];

async function aptGet(args: readonly string[]): Promise<boolean> {
  const command = new Deno.Command("apt-get", {
    args: ["-q", "-y", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  });
  try {
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Installs what is missing, where this is Debian and the caller may; says what the tests will lack otherwise. */
export async function installMissing(): Promise<void> {
  const missing = NEEDS.filter(({ program }) => findProgram(program) === null);
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.package);
  console.log(`Installing ${packages.join(", ")}`);
  const install = ["install", "--no-install-recommends", ...packages];
  const isRoot = Deno.uid() === 0;
  if (isRoot && (await aptGet(install) || await aptGet(["update"]) && await aptGet(install))) {
    return;
  }
  for (const { program, why } of missing) {
    console.error(`Cannot install ${program}, which tests need for ${why}`);
  }
  console.error(`hint: run as root: apt-get install ${packages.join(" ")}`);
}
