/** Images whose /dev is not what it seems. */
import { assert, assertEquals } from "@std/assert";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { ConsoleSocket } from "tests/support/console_socket.ts";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const SECRET = "only the host may read this";

/** The container's /dev is a folder of the attacker's, with these symlinks in it. */
function ownDev(stage: Stage, links: Readonly<Record<string, string>>): string {
  const folder = `${stage.dir}/dev`;
  Deno.mkdirSync(folder);
  for (const [name, target] of Object.entries(links)) Deno.symlinkSync(target, `${folder}/${name}`);
  return folder;
}

function bindDev(config: TestConfig, source: string): void {
  config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
  config.mounts.push({ destination: "/dev", type: "bind", source, options: ["bind"] });
}

containerTest(
  "CVE-2025-31133: what covers a masked file is not what an image calls /dev/null",
  (stage) => {
    Deno.writeTextFileSync(`${stage.rootfs}/secret`, SECRET);
    Deno.writeTextFileSync(`${stage.rootfs}/etc/masked`, "masked");
    const dev = ownDev(stage, { null: "/secret" });
    const seen = stage.sh("cat /etc/masked; echo written >/etc/masked", (config) => {
      config.root.readonly = false;
      bindDev(config, dev);
      config.linux.maskedPaths = ["/etc/masked"];
    });
    assertEquals([seen, Deno.readTextFileSync(`${stage.rootfs}/secret`)], ["", SECRET]);
  },
);

containerTest(
  "CVE-2025-31133: nor is it anything but the null device, on the host either",
  (stage) => {
    const file = `${stage.dir}/no-null`;
    Deno.writeTextFileSync(file, SECRET);
    Deno.writeTextFileSync(`${stage.rootfs}/etc/masked`, "masked");
    const c = stage.container((config) => {
      config.process.args = ["cat", "/etc/masked"];
      config.linux.maskedPaths = ["/etc/masked"];
    });
    const script = `mount --bind ${file} /dev/null && exec "$0" "$@"`;
    const command = [OCIRT, "--root", stage.root, "run", "--bundle", c.bundle, c.id];
    const { code, stdout } = runProgram(["unshare", "--mount", "sh", "-c", script, ...command]);
    assertEquals({ made: code === 0, stdout }, { made: false, stdout: "" });
  },
);

/** Whose standard output is a file of the attacker's has none to write to. */
function readOptional(path: string): string {
  return runProgram(["cat", path]).stdout;
}

/** Runs shell lines with a terminal, until they have ended. */
function runOnTerminal(stage: Stage, script: string, edit: Edit): Container {
  using socket = new ConsoleSocket(`${stage.dir}/console`);
  const c = stage.container((config) => {
    config.root.readonly = false;
    config.process["terminal"] = true;
    config.process.args = ["sh", "-c", script];
    edit(config);
  });
  const { code } = c.launch("create", "--console-socket", socket.path);
  if (code !== 0) return c;
  const { descriptors } = socket.receive();
  c.start().await("stopped");
  for (const descriptor of descriptors) descriptor[Symbol.dispose]();
  return c;
}

containerTest("CVE-2025-52565: a terminal is not what an image calls /dev/pts/0", (stage) => {
  const { rootfs } = stage;
  const target = `${rootfs}/target`;
  Deno.writeTextFileSync(target, SECRET);
  const pts = `${stage.dir}/pts`;
  Deno.mkdirSync(pts);
  Deno.symlinkSync("../real/ptmx", `${pts}/ptmx`);
  for (let i = 0; i < 10; i++) Deno.symlinkSync("/target", `${pts}/${i}`);
  const script = "stat -L -c '%F %t' /proc/self/fd/0 /dev/console >/result";
  runOnTerminal(stage, script, (config) => {
    for (const mount of config.mounts) {
      if (mount.destination === "/dev/pts") mount.destination = "/dev/real";
    }
    config.mounts.push(
      { destination: "/dev/pts", type: "bind", source: pts, options: ["bind"] },
    );
  });
  // 136 is the major number of Unix98 terminals.
  const result = readOptional(`${rootfs}/result`);
  assertEquals(result, "character special file 88\ncharacter special file 88\n");
  assertEquals(Deno.readTextFileSync(target), SECRET);
});

containerTest("CVE-2025-52565: a symlink at /dev/console is not followed", (stage) => {
  Deno.writeTextFileSync(`${stage.rootfs}/target`, SECRET);
  Deno.symlinkSync("/target", `${stage.rootfs}/dev/console`);
  Deno.mkdirSync(`${stage.rootfs}/dev/pts`);
  runOnTerminal(stage, "cat /proc/self/mountinfo >/result", (config) => {
    config.mounts = config.mounts.filter(({ destination }) =>
      !destination.startsWith("/dev") || destination === "/dev/pts"
    );
  });
  const result = Deno.readTextFileSync(`${stage.rootfs}/result`);
  assert(!result.includes(" /target "), result);
  assertEquals(Deno.readTextFileSync(`${stage.rootfs}/target`), SECRET);
});

containerTest(
  "CVE-2026-41579, CVE-2026-47766: devices and links of a /dev that is a symlink stay inside",
  (stage) => {
    const outside = `${stage.dir}/outside`;
    Deno.mkdirSync(outside);
    for (const target of [outside, `../../../../../../../..${outside}`]) {
      Deno.removeSync(`${stage.rootfs}/dev`, { recursive: true });
      Deno.symlinkSync(target, `${stage.rootfs}/dev`);
      for (const fresh of [true, false]) {
        stage.container((config) => {
          if (!fresh) {
            config.mounts = config.mounts.filter(({ destination }) =>
              !destination.startsWith("/dev")
            );
          }
          config.linux["devices"] = [{ path: "/dev/fuse", type: "c", major: 10, minor: 229 }];
        }).run();
        assertEquals(Array.from(Deno.readDirSync(outside)), []);
      }
    }
  },
);
