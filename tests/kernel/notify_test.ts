import { assert, assertEquals, assertMatch } from "@std/assert";
import { AF, encodeUnixAddress, SOCK } from "syscalls/abi/socket.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";
import type { Edit } from "tests/support/bundle.ts";
import { DescriptorListener } from "tests/support/descriptor_listener.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { OCIRT, type Result } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const SOCKET = "/run/notify/notify.sock";

/** A program that sends messages to the container's socket, as sd_notify(3) does. */
function notifyProgram(messages: readonly string[]): Uint8Array {
  const stdout = 1;
  const builder = new ProgramBuilder(stdout);
  builder.step({ label: "notify", origin: "" });
  const socket = builder.slot();
  const zero = builder.immediate(0);
  const type = builder.flags(SOCK, SOCK.of("SOCK_DGRAM"));
  builder.call("socket", [builder.immediate(AF.AF_UNIX), type, zero], { into: socket });
  const to = builder.value(socket);
  const address = encodeUnixAddress(encodeText(SOCKET));
  builder.call("connect", [to, builder.bytes(address, SOCKET), builder.immediate(address.length)]);
  for (const message of messages) {
    const bytes = encodeText(message);
    const length = builder.immediate(bytes.length);
    builder.call("sendto", [to, builder.bytes(bytes, message), length, zero, zero, zero]);
  }
  builder.exit(0);
  return link(builder.build(), hostArch());
}

/** A container that says these things by `notify`, somewhere in its script. */
function notifier(
  stage: Stage,
  script: string,
  messages: readonly string[] = ["READY=1"],
  edit: Edit = (): void => {},
): Container {
  const program = `${stage.rootfs}/bin/notify`;
  Deno.writeFileSync(program, notifyProgram(messages), { mode: 0o755 });
  return stage.container((config) => {
    config.process.args = ["sh", "-c", script];
    edit(config);
  });
}

/** A service manager that listens where the environment says. */
class Manager implements Disposable {
  readonly env: Readonly<Record<string, string>>;
  readonly #listener: DescriptorListener;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    const path = `${stage.dir}/manager.sock`;
    this.#stage = stage;
    this.env = { NOTIFY_SOCKET: path };
    this.#listener = new DescriptorListener(path, "SOCK_DGRAM");
  }

  /** Runs the executable as a service. */
  ocirt(...args: readonly string[]): Promise<Result> {
    return this.#stage.ocirtAsync(args, { env: this.env });
  }

  next(): string {
    return this.#listener.take().text;
  }

  /** Takes the news that a container is ready, in its order, and says that it was read. */
  expectReady(mainPid: number): void {
    assertEquals(this.next(), "READY=1\n");
    assertEquals(this.next(), `MAINPID=${mainPid}\n`);
    const { text, descriptors: [barrier, ...more] } = this.#listener.take();
    assertEquals([text, more.length], ["BARRIER=1", 0]);
    assert(barrier !== undefined);
    barrier[Symbol.dispose]();
  }

  get quiet(): boolean {
    return this.#listener.quiet;
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }
}

const FINE: Result = { code: 0, stdout: "", stderr: "" };

containerTest("start waits until the container is ready, and tells the manager", async (stage) => {
  using manager = new Manager(stage);
  const says = ["STATUS=nearly", "READY=1\nSTATUS=up", "MAINPID=1"];
  const c = notifier(stage, "until [ -e /tmp/go ]; do sleep 0.01; done; notify; sleep 1000", says);
  assertEquals(await manager.ocirt("create", "-b", c.bundle, c.id), FINE);
  const started = manager.ocirt("start", c.id);
  c.await("running");
  assert(manager.quiet);
  Deno.writeTextFileSync(`${stage.rootfs}/tmp/go`, "");
  manager.expectReady(c.state().pid);
  assertEquals(await started, FINE);
  assert(manager.quiet, "nothing else that it says is passed on");
});

containerTest("start ends with a container that never says that it is ready", async (stage) => {
  using manager = new Manager(stage);
  const c = notifier(stage, "exit 3");
  assertEquals(await manager.ocirt("create", "-b", c.bundle, c.id), FINE);
  assertEquals(await manager.ocirt("start", c.id), FINE);
  assert(manager.quiet);
});

containerTest("a container that is not ready yet can be killed and deleted", async (stage) => {
  using manager = new Manager(stage);
  const c = notifier(stage, "sleep 1000");
  assertEquals(await manager.ocirt("create", "-b", c.bundle, c.id), FINE);
  const started = manager.ocirt("start", c.id);
  c.await("running");
  assertEquals(c.do("delete", "--force"), FINE);
  assertEquals(await started, FINE);
});

containerTest("run --detach waits likewise, and can be ended meanwhile", async (stage) => {
  using manager = new Manager(stage);
  const c = notifier(stage, "notify; sleep 1000");
  const ran = manager.ocirt("run", "--detach", "-b", c.bundle, c.id);
  await untilRunning(c);
  manager.expectReady(c.state().pid);
  assertEquals(await ran, FINE);
  const silent = notifier(stage, "sleep 1000");
  const child = new Deno.Command(OCIRT, {
    args: ["--root", stage.root, "run", "--detach", "-b", silent.bundle, silent.id],
    env: { ...manager.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilRunning(silent);
  child.kill("SIGTERM");
  assertEquals((await child.status).signal, "SIGTERM");
  assertEquals(silent.state().status, "running");
});

/** Waits for a container that another command is about to make. */
async function untilRunning(c: Container): Promise<void> {
  const end = performance.now() + 20_000;
  while (c.do("state").code !== 0 || c.state().status !== "running") {
    assert(performance.now() < end, "it does not start");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

containerTest(
  "run in the foreground passes on until the end, as the main process",
  async (stage) => {
    using manager = new Manager(stage);
    const c = notifier(stage, "notify; notify; exit 7");
    const child = new Deno.Command(OCIRT, {
      args: ["--root", stage.root, "run", "-b", c.bundle, c.id],
      env: { ...manager.env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    assertEquals((await child.status).code, 7);
    manager.expectReady(child.pid);
    assertEquals(manager.next(), "READY=1\n");
  },
);

containerTest("a user namespace is no hindrance", async (stage) => {
  using manager = new Manager(stage);
  const c = notifier(stage, "id -u; notify; sleep 1000", ["READY=1"], (config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux["uidMappings"] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    config.process.user = { uid: 1000, gid: 1000 };
  });
  Deno.mkdirSync(`${stage.rootfs}/run/notify`, { recursive: true });
  const ran = manager.ocirt("run", "--detach", "-b", c.bundle, c.id);
  manager.expectReady((await untilRunning(c), c.state().pid));
  assertEquals((await ran).code, 0);
});

containerTest("the socket's folder can be looked at, and that is all", (stage) => {
  using manager = new Manager(stage);
  const script = [
    "grep ' /run/notify ' /proc/self/mountinfo | cut -d' ' -f5,6",
    "stat -c '%a %F' /run/notify/notify.sock /run/notify",
    "echo $NOTIFY_SOCKET",
    "touch /run/notify/x 2>/dev/null || echo readonly",
  ].join("; ");
  const c = notifier(stage, script, [], (config) => {
    config.process.env.push("NOTIFY_SOCKET=/old");
    config.mounts.push({ destination: "/run", type: "tmpfs", source: "tmpfs" });
  });
  const seen = stage.ocirt(["run", "-b", c.bundle, c.id], { env: manager.env });
  assertEquals(seen.stderr, "");
  const [mount = "", socket, folder, ...rest] = seen.stdout.split("\n");
  assertMatch(mount, /^\/run\/notify ro,nosuid,nodev,noexec/);
  assertEquals([socket, folder, ...rest], ["777 socket", "755 directory", SOCKET, "readonly", ""]);
});

containerTest("nothing of it is left behind, and nothing is there without a manager", (stage) => {
  leavingNothing(stage, () => {
    const c = notifier(stage, "true");
    const gone = `${stage.dir}/nobody.sock`;
    const result = stage.ocirt(["run", "-b", c.bundle, c.id], { env: { NOTIFY_SOCKET: gone } });
    assertEquals([result.code, result.stdout], [0, ""]);
    assertMatch(result.stderr, /level=warning msg="Cannot connect to .*nobody.sock.*ENOENT/);
    Deno.removeSync(`${stage.rootfs}/bin/notify`);
    Deno.removeSync(`${stage.rootfs}/run`, { recursive: true });
    Deno.removeSync(c.bundle, { recursive: true });
  });
  assertEquals(stage.sh("echo $NOTIFY_SOCKET; ls /run 2>/dev/null; true"), "\n");
});
