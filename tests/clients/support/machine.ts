import { assertEquals } from "@std/assert";
import { makeClientRoot } from "scripts/test/client_root.ts";
import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import { leavesNothing } from "./leftovers.ts";
import { packImage } from "./image.ts";
import { makeRootfs, type TestConfig, type TestMount } from "tests/support/bundle.ts";
import { OCIRT, type Result, type RunOptions, runProgram } from "tests/support/ocirt.ts";
import { requires } from "tests/support/requires.ts";
import { type Container, Stage } from "tests/support/stage.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where clients find the runtime that is tested. */
export const RUNTIME = "/usr/local/bin/ocirt";

/** Last line of the log of a daemon that has ended. */
const ENDED = "this daemon has ended";

/** What is found there: another runtime, to see what a client does with that one. */
const TESTED = Deno.env.get("OCIRT_CLIENT_RUNTIME") ?? OCIRT;

export interface MachineOptions extends RunOptions {
  /** Flags of `exec`. */
  readonly flags?: readonly string[];
  /** Variables as `NAME=value`. */
  readonly vars?: readonly string[];
}

/**
 * A machine of its own for a client and its daemons: Debian's packages on a throwaway root, in a container with every right,
 * with its own network, processes and cgroups, all of which ends with it. It is the runtime that makes it: containers of the
 * clients are containers in a container.
 */
export class Machine implements Disposable {
  readonly #stage = new Stage();
  readonly #container: Container;
  readonly #ownRoot: string | null;

  constructor() {
    const given = Deno.env.get("OCIRT_CLIENT_ROOT");
    this.#ownRoot = given === undefined ? Deno.makeTempDirSync({ prefix: "ocirt-clients-" }) : null;
    try {
      const lower = given ?? makeClientRoot(this.#ownRoot ?? "");
      this.#container = this.#stage.container((config) => this.#configure(config, lower));
      this.#container.create().start();
      this.#prepare();
    } catch (cause) {
      this[Symbol.dispose]();
      throw cause;
    }
  }

  /** Runs a program in the machine, as its root. */
  run(argv: readonly string[], options: MachineOptions = {}): Result {
    return this.#stage.ocirt(this.#exec(argv, options), options);
  }

  /** The same while others run. */
  runAsync(argv: readonly string[], options: MachineOptions = {}): Promise<Result> {
    return this.#stage.ocirtAsync(this.#exec(argv, options), options);
  }

  /** Runs shell lines that must succeed, and gives what they wrote to standard output. */
  sh(script: string, options: MachineOptions = {}): string {
    const { code, stdout, stderr } = this.run(["sh", "-ec", script], options);
    assertEquals(code, 0, `${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a daemon, and waits until shell lines find it ready. */
  daemon(program: string, ready: string): void {
    const log = `/var/log/${program}.log`;
    this.sh(`setsid sh -c '${program}; echo ${ENDED}' </dev/null >${log} 2>&1 &`);
    this.until(`${ready} || tail -n 1 ${log} | grep -x '${ENDED}'`, log);
    const said = this.run(["tail", "-n", "20", log]).stdout;
    if (said.endsWith(`\n${ENDED}\n`)) throw new Error(`${program}: ${said}`);
  }

  /** Arguments for the executable on the host that run a program in the machine; for who brings a terminal. */
  exec(argv: readonly string[], flags: readonly string[] = []): string[] {
    return [OCIRT, "--root", this.#stage.root, ...this.#exec(argv, { flags })];
  }

  /** Waits until shell lines succeed; a failure shows the end of a log file. */
  until(script: string, log = "/dev/null"): void {
    const end = performance.now() + 30_000;
    for (;;) {
      const { code, stdout, stderr } = this.run(["sh", "-ec", script]);
      if (code === 0) return;
      if (performance.now() < end) continue;
      const told = this.run(["tail", "-n", "20", log]).stdout;
      throw new Error(`Never true: ${script}\n${stdout}${stderr}${told}`);
    }
  }

  [Symbol.dispose](): void {
    this.#stage[Symbol.dispose]();
    if (this.#ownRoot !== null) Deno.removeSync(this.#ownRoot, { recursive: true });
  }

  #exec(argv: readonly string[], { flags = [], vars = [] }: MachineOptions): string[] {
    const env = [PATH, "HOME=/root", "TERM=xterm", ...vars].flatMap((it) => ["--env", it]);
    return ["exec", ...flags, ...env, this.#container.id, ...argv];
  }

  #configure(config: TestConfig, lower: string): void {
    const { dir } = this.#stage;
    const caps = boundingSet();
    config.process.args = ["tini", "-s", "--", "sleep", "infinity"];
    config.process.env = [PATH];
    config.process["capabilities"] = { bounding: caps, effective: caps, permitted: caps };
    config.process["noNewPrivileges"] = false;
    delete config.process["rlimits"];
    config.root = { path: overlayOn(lower, dir) };
    config["hostname"] = "machine";
    config.mounts = mountsOf(dir);
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
    config.linux.namespaces = NAMESPACES.map((type) => ({ type }));
    config.linux["rootfsPropagation"] = "shared";
    config.linux["devices"] = [device("/dev/fuse", 229), device("/dev/net/tun", 200)];
    config.linux["resources"] = { devices: [{ allow: true, access: "rwm" }] };
  }

  #prepare(): void {
    makeRootfs(`${this.#stage.dir}/image`);
    this.sh(`chmod 1777 /var/tmp\nip link set lo up\n${packImage()}`);
  }
}

/** A sentence about a client, without its subject, and what must hold for it. */
export type Steps = Readonly<Record<string, (machine: Machine) => void | Promise<void>>>;

/**
 * Tests of a client that share a machine, and its daemon if `prepare` starts one; after each of them all that containers are
 * made of must be gone. Skipped where no machine can be made.
 */
export function clientTest(
  client: string,
  prepare: (machine: Machine) => void,
  steps: Steps,
): void {
  Deno.test({
    name: client,
    ignore: requires("root", "busybox", "overlay", "clients"),
    async fn(context): Promise<void> {
      using machine = new Machine();
      prepare(machine);
      for (const [name, step] of Object.entries(steps)) {
        // What one has left undone would fail the next.
        if (!await context.step(name, () => leavesNothing(machine, () => step(machine)))) break;
      }
    },
  });
}

const NAMESPACES = ["pid", "mount", "network", "ipc", "uts", "cgroup"];

/** Where clients keep what must not lie on an overlay, since they put overlays on it. */
const STORES = [
  "/home",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/var/lib/docker",
  "/var/tmp",
];

/** All rights that this test has to give. */
function boundingSet(): string[] {
  const line = /^CapBnd:\t([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"));
  const bits = BigInt(`0x${line?.[1] ?? "0"}`);
  return CAPABILITY_NAMES.filter((_, index) => (bits >> BigInt(index) & 1n) === 1n);
}

/** Mounts a writable view of the clients' files, which several machines share. */
function overlayOn(lower: string, dir: string): string {
  for (const name of ["upper", "work", "merged"]) Deno.mkdirSync(`${dir}/${name}`);
  const options = `lowerdir=${lower},upperdir=${dir}/upper,workdir=${dir}/work`;
  const mount = ["mount", "-t", "overlay", "-o", options, "overlay", `${dir}/merged`];
  const { code, stderr } = runProgram(mount);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return `${dir}/merged`;
}

function mountsOf(dir: string): TestMount[] {
  const tmpfs = (destination: string, mode: string): TestMount => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", `mode=${mode}`],
  });
  const bind = (source: string, destination: string): TestMount => {
    const options = ["rbind", "rw"];
    return { destination, type: "bind", source, options };
  };
  const stores = STORES.map((path) => {
    const source = `${dir}/stores${path}`;
    Deno.mkdirSync(source, { recursive: true });
    return bind(source, path);
  });
  Deno.mkdirSync(`${dir}/image`);
  return [
    { destination: "/proc", type: "proc", source: "proc", options: [] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"] },
    tmpfs("/dev", "755"),
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    tmpfs("/dev/shm", "1777"),
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: [] },
    tmpfs("/run", "755"),
    tmpfs("/tmp", "1777"),
    bind(TESTED, RUNTIME),
    bind(`${dir}/image`, "/image"),
    ...stores,
  ];
}

/** A character device of the kernel's miscellaneous ones. */
function device(path: string, minor: number): Record<string, unknown> {
  return { path, type: "c", major: 10, minor, fileMode: 0o666 };
}
