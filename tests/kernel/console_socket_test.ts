import { assert, assertEquals, assertMatch } from "@std/assert";
import { POLL } from "syscalls/abi/poll.ts";
import { readInto, setNonblocking, writeAll } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";
import { setTerminalSize } from "syscalls/libc/terminal.ts";
import type { Edit } from "tests/support/bundle.ts";
import { ConsoleSocket } from "tests/support/console_socket.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const QUIET: Result = { code: 0, stdout: "", stderr: "" };

/** A container that runs shell lines with a terminal. */
function interactive(stage: Stage, script: string, edit: Edit = (): void => {}): Container {
  return stage.container((config) => {
    config.process["terminal"] = true;
    config.process.args = ["sh", "-c", script];
    edit(config);
  });
}

function sleeper(stage: Stage, edit: Edit = (): void => {}): Container {
  return stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  });
}

/** The only descriptor that came, which must be named. */
function masterFrom(socket: ConsoleSocket): OwnedFd {
  const { name, descriptors } = socket.receive();
  assert(name.length > 0 && name.length <= 4096, "the message has no name");
  assertEquals(descriptors.length, 1);
  const [master] = descriptors;
  if (master === undefined) throw new Error("No descriptor came");
  return master;
}

/** All that is shown until nobody is at the other end any more. */
function readToEnd(master: OwnedFd): string {
  setNonblocking(master.fd);
  const end = performance.now() + 20_000;
  const decoder = new TextDecoder();
  let text = "";
  while (performance.now() < end) {
    poll([{ fd: master.fd, events: Number(POLL.of("POLLIN")) }], 1000);
    const space = new Uint8Array(65_536);
    try {
      text += decoder.decode(space.subarray(0, readInto(master.fd, space)), { stream: true });
    } catch (cause) {
      // EIO: they are gone.
      if (/EIO/.test(String(cause))) return text;
      if (!/EAGAIN/.test(String(cause))) throw cause;
    }
  }
  throw new Error(`Still open, and shows ${JSON.stringify(text)}`);
}

function type(master: OwnedFd, text: string): void {
  writeAll(master.fd, new TextEncoder().encode(text));
}

const LAUNCHES: Readonly<Record<string, (c: Container, path: string) => Result>> = {
  "create": (c, path) => {
    const result = c.launch("create", "--console-socket", path);
    return result.code === 0 ? c.do("start") : result;
  },
  "run --detach": (c, path) => c.run("--detach", "--console-socket", path),
};

for (const [name, launch] of Object.entries(LAUNCHES)) {
  containerTest(`${name} --console-socket sends the terminal's master and its name`, (stage) => {
    const c = interactive(stage, "read line; echo $line $(tty)");
    using socket = new ConsoleSocket(`${stage.dir}/console`);
    assertEquals(launch(c, socket.path), QUIET);
    using master = masterFrom(socket);
    assert(!socket.hasCaller, "somebody connected again");
    type(master, "typed\n");
    // Whoever holds the master decides about newlines: the settings are the kernel's.
    assertEquals(readToEnd(master), "typed\r\ntyped /dev/pts/0\r\n");
  });
}

containerTest("exec --detach --tty --console-socket sends a master for that process", (stage) => {
  const c = sleeper(stage).create().start();
  using socket = new ConsoleSocket(`${stage.dir}/console`);
  const exec = ["exec", "--detach", "--tty", "--console-socket", socket.path, c.id];
  assertEquals(stage.ocirt([...exec, "sh", "-c", "read line; stty size; tty"]), QUIET);
  using master = masterFrom(socket);
  setTerminalSize(master.fd, { rows: 7, columns: 77 });
  type(master, "typed\n");
  assertEquals(readToEnd(master), "typed\r\n7 77\r\n/dev/pts/0\r\n");
});

containerTest("exec --process with a terminal has its consoleSize at once", (stage) => {
  const c = sleeper(stage).create().start();
  using socket = new ConsoleSocket(`${stage.dir}/console`);
  const file = `${stage.dir}/process.json`;
  Deno.writeTextFileSync(
    file,
    JSON.stringify({
      terminal: true,
      consoleSize: { height: 11, width: 22 },
      user: { uid: 0, gid: 0 },
      args: ["stty", "size"],
      env: ["PATH=/bin"],
      cwd: "/",
    }),
  );
  const flags = ["--process", file, "--detach", "--console-socket", socket.path];
  assertEquals(stage.ocirt(["exec", ...flags, c.id]), QUIET);
  using master = masterFrom(socket);
  assertEquals(readToEnd(master), "11 22\r\n");
});

for (
  const [name, folder] of [
    ["in a folder with a long path", `${"d".repeat(100)}/${"e".repeat(100)}/console`],
    ["with a long name", `${"n".repeat(200)}`],
  ] as const
) {
  containerTest(`a console socket ${name} is connected to all the same`, (stage) => {
    const path = `${stage.dir}/${folder}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    // No address has room for it: whoever listens makes it under another name.
    using socket = new ConsoleSocket(`${stage.dir}/short`);
    Deno.renameSync(socket.path, path);
    const c = interactive(stage, "echo here");
    assertEquals(c.run("--detach", "--console-socket", path), QUIET);
    using master = masterFrom(socket);
    assertEquals(readToEnd(master), "here\r\n");
  });
}

containerTest("a console socket may be named from the caller's folder", (stage) => {
  const c = interactive(stage, "echo here");
  using socket = new ConsoleSocket(`${c.bundle}/console`);
  const args = ["run", "--detach", "--console-socket", "console", c.id];
  assertEquals(stage.ocirt(args, { cwd: c.bundle }), QUIET);
  using master = masterFrom(socket);
  assertEquals(readToEnd(master), "here\r\n");
});

containerTest(
  "wrong combinations of terminal, socket and detaching are refused in runc's words",
  (stage) => {
    const needed = "cannot allocate tty if ocirt will detach without setting console socket";
    const useless = "cannot use console socket if ocirt will not detach or allocate tty";
    const path = `${stage.dir}/console`;
    const refused = (result: Result, code: number, words: string): void => {
      assertEquals([result.code, result.stdout], [code, ""]);
      assertMatch(messageOf(result), new RegExp(`failed: ${words}$`));
    };
    const [tty, plain] = [interactive(stage, "true"), sleeper(stage)];
    refused(tty.launch("create"), 1, needed);
    refused(tty.run("--detach"), 1, needed);
    refused(tty.run("--console-socket", path), 1, useless);
    refused(plain.launch("create", "--console-socket", path), 1, useless);
    refused(plain.run("--detach", "--console-socket", path), 1, useless);
    refused(plain.run("--console-socket", path), 1, useless);
    assertEquals(stage.ocirt(["list", "-q"]).stdout, "");
    plain.create().start();
    const exec = (...flags: string[]): Result => stage.ocirt(["exec", ...flags, plain.id, "true"]);
    refused(exec("--detach", "--tty"), 255, needed);
    refused(exec("--tty", "--console-socket", path), 255, useless);
    refused(exec("--detach", "--console-socket", path), 255, useless);
    refused(exec("--console-socket", path), 255, useless);
  },
);

containerTest(
  "/dev/console is the terminal itself, mounted, the user's and of group 5",
  (stage) => {
    const script = "stat -c '%u %g %a %t:%T' /dev/console /dev/pts/0; " +
      "grep -c ' /dev/console ' /proc/self/mountinfo; echo to console >/dev/console; ls -l /dev/console | cut -c1";
    for (const [uid, expected] of [[0, "0 5 620"], [1000, "1000 5 620"]] as const) {
      const c = interactive(stage, script, (config) => config.process.user = { uid, gid: 1000 });
      using socket = new ConsoleSocket(`${stage.dir}/console${uid}`);
      assertEquals(c.run("--detach", "--console-socket", socket.path), QUIET);
      using master = masterFrom(socket);
      const lines = readToEnd(master).split("\r\n");
      const device = /88:0$/;
      assertEquals(lines.slice(0, 2).map((line) => line.replace(device, "").trim()), [
        expected,
        expected,
      ]);
      assertEquals(lines.slice(2), ["1", "to console", "c", ""]);
    }
  },
);

containerTest("whoever got the master is the only one who holds it", (stage) => {
  const c = interactive(stage, "exec cat");
  using socket = new ConsoleSocket(`${stage.dir}/console`);
  assertEquals(c.create("--console-socket", socket.path).do("start"), QUIET);
  const master = masterFrom(socket);
  assertEquals(c.state().status, "running");
  // The kernel hangs a terminal up when its last master is closed: cat reads the end.
  master[Symbol.dispose]();
  c.await("stopped");
});

containerTest(
  "a container in a user namespace has terminals too, for its init and for exec",
  (stage) => {
    const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
    const script = "tty; stat -c '%u %g %a' $(tty); exec sleep 1000";
    const c = interactive(stage, script, (config) => {
      config.linux.namespaces.push({ type: "user" });
      config.linux["uidMappings"] = mapping;
      config.linux["gidMappings"] = mapping;
    });
    using socket = new ConsoleSocket(`${stage.dir}/console`);
    assertEquals(c.run("--detach", "--console-socket", socket.path), QUIET);
    using _held = masterFrom(socket);
    const flags = ["--detach", "--tty", "--user", "1000", "--console-socket", socket.path];
    const args = ["sh", "-c", "tty; stat -c '%u %g %a' $(tty)"];
    assertEquals(stage.ocirt(["exec", ...flags, c.id, ...args]), QUIET);
    using master = masterFrom(socket);
    assertEquals(readToEnd(master), "/dev/pts/1\r\n1000 5 620\r\n");
  },
);

containerTest(
  "a terminal is made by a devpts only, whatever the image has at its place",
  (stage) => {
    Deno.mkdirSync(`${stage.rootfs}/dev/pts`, { recursive: true });
    using socket = new ConsoleSocket(`${stage.dir}/console`);
    const attempt = (edit: Edit): string => {
      const c = interactive(stage, "true", (config) => {
        config.mounts = config.mounts.filter(({ destination }) => destination !== "/dev/pts");
        edit(config);
      });
      const result = c.launch("create", "--console-socket", socket.path);
      assertEquals([result.code, result.stdout], [1, ""]);
      return messageOf(result);
    };
    assertMatch(attempt(() => {}), /Cannot open terminal at "\/dev\/pts\/ptmx" .*: ENOENT/);
    // A tmpfs with a link to something of the host's, and one to the host's own terminals.
    for (const source of ["/dev/null", "/dev/tty", `${stage.rootfs}/etc/passwd`]) {
      const message = attempt((config) => {
        const options = ["bind"];
        config.mounts.push(
          { destination: "/dev/pts", type: "tmpfs", source: "tmpfs" },
          { destination: "/dev/pts/ptmx", type: "bind", source, options },
        );
      });
      assertMatch(message, /Cannot open terminal at "\/dev\/pts\/ptmx" .*: (ENODEV|ENXIO|ENOTTY)/);
    }
    assert(!socket.hasCaller, "somebody was sent something");
  },
);

// The last one: from here on orphans are this process's, which would have to reap those of exec --detach.
containerTest("a console socket that nobody listens at leaves nothing behind", (stage) => {
  leavingNothing(stage, () => {
    const c = interactive(stage, "true");
    const path = `${stage.dir}/console`;
    const missing = c.launch("create", "--console-socket", path);
    assertEquals([missing.code, missing.stdout], [1, ""]);
    assertMatch(messageOf(missing), /"[^"]*\/console": ENOENT \(No such file or directory\)/);
    new ConsoleSocket(path)[Symbol.dispose]();
    const deaf = c.launch("create", "--console-socket", path);
    assertEquals(deaf.code, 1);
    assertMatch(messageOf(deaf), /"[^"]*\/console": ECONNREFUSED \(Connection refused\)/);
    Deno.removeSync(path);
    Deno.removeSync(c.bundle, { recursive: true });
  });
});
