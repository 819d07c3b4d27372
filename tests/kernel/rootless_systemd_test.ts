import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { giveTo } from "tests/support/bundle.ts";
import { OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { lacksSystemd, requires } from "tests/support/requires.ts";
import { Stage } from "tests/support/stage.ts";

const SKIPPED = lacksSystemd() || hostLayout().kind !== "v2" ||
  requires("root", "busybox", "setpriv");

/** A user of the host's for whom systemd runs a service manager while the test does. */
class SystemdUser implements Disposable {
  readonly #uid: string;
  readonly #name: string;
  readonly #group: string;
  readonly #env: readonly string[];

  constructor(stage: Stage) {
    this.#name = `ocirt-test-${Deno.pid}`;
    did(["useradd", "--system", "--no-create-home", "--home-dir", stage.dir, this.#name]);
    this.#uid = did(["id", "-u", this.#name]).trim();
    this.#group = did(["id", "-g", this.#name]).trim();
    did(["systemctl", "start", `user@${this.#uid}.service`]);
    const path = `PATH=${stage.dir}:/usr/sbin:/usr/bin:/sbin:/bin`;
    this.#env = [path, `HOME=${stage.dir}`, `XDG_RUNTIME_DIR=/run/user/${this.#uid}`];
  }

  get uid(): number {
    return Number(this.#uid);
  }

  /** As from a login session: the caller's cgroup is not the user's. */
  do(...argv: readonly string[]): Result {
    const who = ["setpriv", "--reuid", this.#uid, "--regid", this.#group, "--clear-groups"];
    return runProgram([...who, "--inh-caps=-all", "env", "-i", ...this.#env, ...argv]);
  }

  /** What ocirt says on standard output; it must succeed, and nothing may be on standard error. */
  ocirt(...args: readonly string[]): string {
    const { code, stdout, stderr } = this.do("ocirt", ...args);
    assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
    return stdout;
  }

  [Symbol.dispose](): void {
    runProgram(["systemctl", "stop", `user@${this.#uid}.service`]);
    runProgram(["userdel", this.#name]);
  }
}

function did(argv: readonly string[]): string {
  const { code, stdout, stderr } = runProgram(argv);
  assertEquals(code, 0, `${argv.join(" ")}: ${stderr}`);
  return stdout;
}

/** A folder with a bundle whose root is the user's. */
function writeBundle(stage: Stage, user: SystemdUser, annotations = {}): string {
  const bundle = `${stage.dir}/bundle`;
  Deno.mkdirSync(bundle);
  giveTo(bundle, user.uid);
  giveTo(stage.rootfs, user.uid);
  const { stderr } = user.do("ocirt", "spec", "--rootless", "--bundle", bundle);
  assertEquals(stderr, "");
  const file = `${bundle}/config.json`;
  const config = JSON.parse(Deno.readTextFileSync(file));
  config.root = { path: stage.rootfs, readonly: false };
  config.process.terminal = false;
  config.annotations = annotations;
  config.process.args = ["sleep", "1000"];
  config.linux.resources = { memory: { limit: 33_554_432 }, pids: { limit: 20 } };
  const tell = (list: string): unknown => [{
    path: "/bin/sh",
    args: ["sh", "-c", `cat /proc/self/cgroup >${list}`],
  }];
  config.hooks = { startContainer: tell("/startContainer") };
  Deno.writeTextFileSync(file, JSON.stringify(config));
  return bundle;
}

/** Runs the bundle as container `c` in a scope of the user's systemd; gives the cgroup of its init. */
function started(user: SystemdUser, bundle: string): string {
  user.ocirt("--systemd-cgroup", "run", "--detach", "--bundle", bundle, "c");
  const { pid } = JSON.parse(user.ocirt("state", "c"));
  return Deno.readTextFileSync(`/proc/${pid}/cgroup`).trim().slice("0::".length);
}

Deno.test({
  name: "a user's systemd makes the scope, and moves into it what the user may not",
  ignore: SKIPPED,
  fn: () => {
    using stage = new Stage();
    using user = new SystemdUser(stage);
    Deno.copyFileSync(OCIRT, `${stage.dir}/ocirt`);
    const bundle = writeBundle(stage, user);
    try {
      const group = started(user, bundle);
      assertMatch(group, new RegExp(`/user@${user.uid}\\.service/.*/runc-c\\.scope$`));
      const read = (file: string): string =>
        Deno.readTextFileSync(`/sys/fs/cgroup${group}/${file}`).trim();
      assertEquals([read("memory.max"), read("pids.max")], ["33554432", "20"]);
      assertEquals(Deno.readTextFileSync(`${stage.rootfs}/startContainer`), "0::/\n");
      assertEquals(user.ocirt("exec", "c", "cat", "/proc/self/cgroup"), "0::/\n");
      const hungry = user.do("ocirt", "exec", "c", "dd", "if=/dev/zero", "of=/dev/null", "bs=60M");
      assertEquals(hungry.code, 137);
      user.ocirt("update", "--memory", "64M", "--pids-limit", "11", "c");
      assertEquals([read("memory.max"), read("pids.max")], ["67108864", "11"]);
      assertStringIncludes(user.ocirt("events", "--stats", "c"), '"limit":67108864');
      user.ocirt("pause", "c");
      assertEquals(read("cgroup.freeze"), "1");
      user.ocirt("resume", "c");
    } finally {
      user.do("ocirt", "delete", "--force", "c");
    }
  },
});

Deno.test({
  name: "a user's container has a subgroup of its scope, and a delegated cgroup below that",
  ignore: SKIPPED,
  fn: () => {
    using stage = new Stage();
    using user = new SystemdUser(stage);
    Deno.copyFileSync(OCIRT, `${stage.dir}/ocirt`);
    const bundle = writeBundle(stage, user, {
      "run.oci.systemd.subgroup": "container",
      "run.oci.delegate-cgroup": "payload",
    });
    try {
      const group = started(user, bundle);
      assertMatch(group, /\/runc-c\.scope\/container\/payload$/);
      assertEquals(Deno.readTextFileSync(`${stage.rootfs}/startContainer`), "0::/payload\n");
      assertEquals(user.ocirt("exec", "c", "cat", "/proc/self/cgroup"), "0::/payload\n");
      const above = group.slice(0, group.lastIndexOf("/"));
      assertEquals(Deno.readTextFileSync(`/sys/fs/cgroup${above}/memory.max`), "33554432\n");
      user.ocirt("delete", "--force", "c");
      assertEquals(runProgram(["test", "-e", `/sys/fs/cgroup${above}`]).code, 1);
    } finally {
      user.do("ocirt", "delete", "--force", "c");
    }
  },
});
