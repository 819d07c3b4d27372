import { assert, assertEquals, assertMatch } from "@std/assert";
import { SIGNALS } from "syscalls/abi/signal.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { signalPidfd } from "syscalls/libc/process.ts";
import { DescriptorListener } from "tests/support/descriptor_listener.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

function sleeper(stage: Stage, annotations: Record<string, string> = {}): Container {
  return stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    config["annotations"] = annotations;
  });
}

/** Takes the one descriptor of the next message, which must be a pidfd of this process. */
function takePidfd(listener: DescriptorListener, payload: string, process: number): OwnedFd {
  const { text, descriptors: [pidfd, ...more] } = listener.take();
  assertEquals([text, more.length], [payload, 0]);
  assert(pidfd !== undefined);
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${pidfd.fd}`);
  assertEquals(/^Pid:\t(\d+)$/m.exec(info)?.[1], String(process));
  return pidfd;
}

containerTest("create and run send a pidfd of the init to --pidfd-socket", (stage) => {
  const path = `${stage.dir}/pidfd.sock`;
  using listener = new DescriptorListener(path);
  const created = sleeper(stage).create("--pidfd-socket", path);
  takePidfd(listener, "standard", created.state().pid)[Symbol.dispose]();
  const ran = sleeper(stage);
  assertEquals(ran.run("--detach", "--pidfd-socket", path).code, 0);
  using pidfd = takePidfd(listener, "standard", ran.state().pid);
  signalPidfd(pidfd.fd, SIGNALS.SIGKILL);
  ran.await("stopped");
});

containerTest("exec sends a pidfd of its process, and a path may be relative", (stage) => {
  using listener = new DescriptorListener(`${stage.dir}/pidfd.sock`);
  const c = sleeper(stage).create().start();
  const file = `${stage.dir}/pid`;
  const flags = ["--detach", "--pid-file", file, "--pidfd-socket", "pidfd.sock"];
  const options = { cwd: stage.dir };
  assertEquals(stage.ocirt(["exec", ...flags, c.id, "sleep", "1000"], options).code, 0);
  takePidfd(listener, "setns", Number(Deno.readTextFileSync(file)))[Symbol.dispose]();
});

containerTest("the annotation run.oci.pidfd_receiver names such a socket, too", (stage) => {
  const [first, second] = [`${stage.dir}/first.sock`, `${stage.dir}/second.sock`];
  using annotated = new DescriptorListener(first);
  using given = new DescriptorListener(second);
  const c = sleeper(stage, { "run.oci.pidfd_receiver": first });
  const { pid } = c.create("--pidfd-socket", second).state();
  for (const listener of [annotated, given]) {
    takePidfd(listener, "standard", pid)[Symbol.dispose]();
  }
});

containerTest("where nobody listens nothing is created, and no process executed", (stage) => {
  const running = sleeper(stage).create().start();
  leavingNothing(stage, () => {
    const c = sleeper(stage);
    const result = c.launch("create", "--pidfd-socket", "/none/such");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), /Cannot connect to "\/none\/such": ENOENT/);
    Deno.removeSync(c.bundle, { recursive: true });
    const executed = stage.ocirt([
      "exec",
      "--pidfd-socket",
      "/none/such",
      running.id,
      "sh",
      "-c",
      "touch /tmp/x",
    ]);
    assertEquals(executed.code, 255);
  });
});
