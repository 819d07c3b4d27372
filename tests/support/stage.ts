import { assertEquals } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { type Edit, makeRootfs, type TestConfig, testConfig } from "./bundle.ts";
import { OCIRT, type Result, type RunOptions, runProgram, startProgram } from "./ocirt.ts";
import { type Need, requires } from "./requires.ts";

/** What a test of containers works with: a folder, a state root and cgroups of its own, taken away at the end of its scope. */
export class Stage implements Disposable {
  readonly dir: string = Deno.makeTempDirSync({ prefix: "ocirt-test-" });
  readonly root = `${this.dir}/state`;
  readonly rootfs = `${this.dir}/rootfs`;
  /** Path of the cgroup, in every hierarchy, that all containers of the test are below. */
  readonly cgroup = `/ocirt-test-${this.dir.slice(this.dir.lastIndexOf("-") + 1)}`;
  #count = 0;

  constructor() {
    Deno.mkdirSync(this.root, { mode: 0o700 });
    Deno.chmodSync(this.dir, 0o755);
    makeRootfs(this.rootfs);
  }

  /** Runs the executable with the test's state root. */
  ocirt(args: readonly string[], options: RunOptions = {}): Result {
    return runProgram([OCIRT, "--root", this.root, ...args], options);
  }

  /** The same while others run. */
  ocirtAsync(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return startProgram([OCIRT, "--root", this.root, ...args], options);
  }

  /** A bundle for one container, `c1`, `c2` ...; nothing is created yet. */
  container(edit: Edit = (): void => {}): Container {
    const id = `c${++this.#count}`;
    const bundle = `${this.dir}/${id}`;
    Deno.mkdirSync(bundle);
    const config = testConfig(this.rootfs, `${this.cgroup}/${id}`);
    edit(config);
    return new Container(this, { id, bundle, config });
  }

  /** Runs shell lines in a container and gives what they wrote; they must succeed, and nothing may be on standard error. */
  sh(script: string, edit: Edit = (): void => {}): string {
    const container = this.container((config) => {
      config.process.args = ["sh", "-c", script];
      edit(config);
    });
    const { code, stdout, stderr } = container.run();
    assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${script}\n${stdout}`);
    return stdout;
  }

  /** Folders of this test's cgroup that are still there. */
  cgroups(): string[] {
    return hostLayout().hierarchies.flatMap(({ mountpoint }) => below(mountpoint + this.cgroup));
  }

  /** Mount points below the test's folder that the host sees. */
  mounts(): string[] {
    const lines = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
    return lines.map((line) => line.split(" ")[4] ?? "").filter((path) =>
      path.startsWith(this.dir)
    );
  }

  [Symbol.dispose](): void {
    for (const id of namesIn(this.root)) this.ocirt(["delete", "--force", id]);
    for (const path of this.mounts().reverse()) runProgram(["umount", "-l", path]);
    for (const dir of this.cgroups().reverse()) {
      killMembers(dir);
      Deno.removeSync(dir);
    }
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** One container of a test, by the commands that it is put through. */
export class Container {
  readonly id: string;
  readonly bundle: string;
  readonly #stage: Stage;

  constructor(
    stage: Stage,
    { id, bundle, config }: { id: string; bundle: string; config: TestConfig },
  ) {
    this.#stage = stage;
    this.id = id;
    this.bundle = bundle;
    Deno.writeTextFileSync(`${bundle}/config.json`, JSON.stringify(config));
  }

  /** `COMMAND [flags] ID`, for commands that read the bundle. */
  launch(command: "create" | "run" | "restore", ...flags: readonly string[]): Result {
    return this.#stage.ocirt([command, "--bundle", this.bundle, ...flags, this.id]);
  }

  run(...flags: readonly string[]): Result {
    return this.launch("run", ...flags);
  }

  /** Any command on this container, as `command ID more`. */
  do(command: string, ...more: readonly string[]): Result {
    return this.#stage.ocirt([command, this.id, ...more]);
  }

  /** Creates it, which must work without a word. */
  create(...flags: readonly string[]): this {
    assertEquals(this.launch("create", ...flags), { code: 0, stdout: "", stderr: "" });
    return this;
  }

  /** Starts it, which must work without a word. */
  start(): this {
    assertEquals(this.do("start"), { code: 0, stdout: "", stderr: "" });
    return this;
  }

  state(): { readonly [property: string]: unknown; readonly pid: number; readonly status: string } {
    const { code, stdout, stderr } = this.do("state");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    return JSON.parse(stdout);
  }

  /** Waits until it has the status; how long it takes is the program's business. */
  await(status: string): this {
    const end = performance.now() + 20_000;
    while (this.state().status !== status) {
      if (performance.now() > end) throw new Error(`${this.id} is ${this.state().status}`);
    }
    return this;
  }
}

/** A test in sentence form that gets a stage; skipped where the machine lacks what every container needs. */
export function containerTest(
  name: string,
  test: (stage: Stage) => void | Promise<void>,
  ...needs: readonly Need[]
): void {
  Deno.test({
    name,
    ignore: requires("root", "busybox", ...needs),
    async fn(): Promise<void> {
      using stage = new Stage();
      await test(stage);
    },
  });
}

function below(dir: string): string[] {
  try {
    const folders = Array.from(Deno.readDirSync(dir)).filter(({ isDirectory }) => isDirectory);
    return [dir, ...folders.flatMap(({ name }) => below(`${dir}/${name}`))];
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw cause;
  }
}

function namesIn(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir), ({ name }) => name);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw cause;
  }
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return "";
    throw cause;
  }
}

/** Ends what a failed test has left in a cgroup, and waits until it is out. */
function killMembers(dir: string): void {
  // A threaded version 2 cgroup lists no processes.
  const file = /^threaded/.test(textOf(`${dir}/cgroup.type`)) ? "cgroup.threads" : "cgroup.procs";
  const members = (): string[] => textOf(`${dir}/${file}`).split("\n").filter((it) => it !== "");
  for (let tries = 0; members().length > 0 && tries < 1000; tries++) {
    for (const member of members()) {
      try {
        Deno.kill(Number(member), "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }
}
