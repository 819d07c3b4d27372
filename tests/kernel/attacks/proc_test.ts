/** Images and volumes that put something else where the runtime and others expect procfs and sysfs. */
import { assert, assertEquals } from "@std/assert";
import type { Edit, TestMount } from "tests/support/bundle.ts";
import { runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** A container that would say so if it ran. */
function refused(stage: Stage, edit: Edit): void {
  const c = stage.container((config) => {
    config.process.args = ["echo", "ran"];
    edit(config);
  });
  const { code, stdout } = c.run();
  assertEquals({ ran: stdout, made: code === 0 }, { ran: "", made: false });
}

/** A folder of the attacker's that looks like procfs. */
function fakeProc(stage: Stage): string {
  const folder = `${stage.dir}/fake`;
  Deno.mkdirSync(`${folder}/self/attr/apparmor`, { recursive: true });
  Deno.mkdirSync(`${folder}/sys/net/ipv4`, { recursive: true });
  Deno.symlinkSync("self", `${folder}/thread-self`);
  for (const name of ["self/attr/exec", "self/attr/apparmor/exec", "sys/net/ipv4/ip_forward"]) {
    Deno.writeTextFileSync(`${folder}/${name}`, "fake");
  }
  return folder;
}

containerTest("CVE-2019-16884: nothing but procfs is mounted on /proc, nothing inside", (stage) => {
  const source = fakeProc(stage);
  const mounts: TestMount[] = [
    { destination: "/proc", type: "bind", source, options: ["bind"] },
    { destination: "/proc", type: "tmpfs", source: "tmpfs" },
    { destination: "/proc/self/attr", type: "bind", source, options: ["bind"] },
    { destination: "/tmp/../proc/sys", type: "tmpfs", source: "tmpfs" },
  ];
  for (const mount of mounts) refused(stage, (config) => config.mounts.push(mount));
});

containerTest("CVE-2019-16884: nor is a volume that an image leads there by a symlink", (stage) => {
  const source = fakeProc(stage);
  Deno.symlinkSync("/proc/self/attr", `${stage.rootfs}/data`);
  Deno.symlinkSync("../proc", `${stage.rootfs}/var/lib`);
  Deno.symlinkSync("/proc/version", `${stage.rootfs}/file`);
  const file = `${source}/self/attr/exec`;
  const mounts: TestMount[] = [
    { destination: "/data", type: "bind", source, options: ["bind"] },
    { destination: "/data", type: "tmpfs", source: "tmpfs" },
    { destination: "/var/lib/sys", type: "bind", source, options: ["bind"] },
    { destination: "/var/lib", type: "bind", source, options: ["rbind", "ro"] },
    { destination: "/file", type: "bind", source: file, options: ["bind"] },
  ];
  for (const mount of mounts) refused(stage, (config) => config.mounts.push(mount));
});

containerTest(
  "CVE-2019-19921, CVE-2023-28642: procfs and sysfs are not mounted through a symlink of the image",
  (stage) => {
    for (const name of ["proc", "sys"]) {
      Deno.removeSync(`${stage.rootfs}/${name}`);
      Deno.mkdirSync(`${stage.rootfs}/evil/${name}`, { recursive: true });
      for (const target of [`/evil/${name}`, `evil/${name}`]) {
        Deno.symlinkSync(target, `${stage.rootfs}/${name}`);
        refused(stage, () => {});
        Deno.removeSync(`${stage.rootfs}/${name}`);
      }
      Deno.mkdirSync(`${stage.rootfs}/${name}`);
    }
  },
);

containerTest(
  "CVE-2025-52881: a kernel parameter is written to the kernel, whatever covers /proc",
  async (stage) => {
    const folder = fakeProc(stage);
    const fake = `${folder}/sys/net/ipv4/ip_forward`;
    // A mount namespace that somebody else has prepared.
    const script = `mount --bind ${folder} /proc && exec sleep 1000`;
    const other = new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sh", "-c", script],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      runProgram(["sh", "-c", `until grep -q ${folder} /proc/${other.pid}/mountinfo; do :; done`]);
      const seen = stage.sh("cat /proc/sys/net/ipv4/ip_forward", (config) => {
        config.linux["sysctl"] = { "net.ipv4.ip_forward": "1" };
        for (const namespace of config.linux.namespaces) {
          if (namespace.type === "mount") namespace.path = `/proc/${other.pid}/ns/mnt`;
        }
      });
      assertEquals([seen, Deno.readTextFileSync(fake)], ["1\n", "fake"]);
    } finally {
      other.kill("SIGKILL");
      await other.status;
    }
  },
);

containerTest("CVE-2025-52881: nor is it written into a volume", (stage) => {
  const folder = fakeProc(stage);
  Deno.symlinkSync("/proc/sys", `${stage.rootfs}/data`);
  const c = stage.container((config) => {
    config.linux["sysctl"] = { "net.ipv4.ip_forward": "1" };
    config.mounts.push({
      destination: "/data",
      type: "bind",
      source: `${folder}/sys`,
      options: ["bind"],
    });
  });
  c.run();
  assert(Deno.readTextFileSync(`${folder}/sys/net/ipv4/ip_forward`) === "fake");
});
