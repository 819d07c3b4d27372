import { assert, assertEquals, assertMatch } from "@std/assert";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { requires } from "tests/support/requires.ts";
import { containerTest } from "tests/support/stage.ts";

interface Finding {
  readonly available?: boolean;
  readonly value?: string | readonly string[];
  readonly reason?: string;
}

type Document = Readonly<Record<string, Readonly<Record<string, Finding>>>>;

function infoOf(argv: readonly string[] = [], args: readonly string[] = []): Document {
  const { code, stdout, stderr } = runProgram([...argv, OCIRT, ...args, "info", "-f", "json"]);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test("info tells what the host's own programs and files tell", () => {
  const { host, cgroups, namespaces, runtime } = infoOf([], ["--root", "/run/some"]);
  assertEquals(host?.["kernel"]?.value, runProgram(["uname", "-r"]).stdout.trim());
  assertEquals(host?.["architecture"]?.value, Deno.build.arch);
  assertEquals(runtime?.["stateRoot"]?.value ?? "/run/some", "/run/some");
  const mounted = Deno.readTextFileSync("/proc/self/mountinfo").includes(" - cgroup2 ");
  assertEquals(cgroups?.["version2"]?.available, mounted);
  const types = namespaces?.["types"]?.value ?? [];
  assertEquals(
    types.length,
    new Set(
      Array.from(
        Deno.readDirSync("/proc/self/ns"),
        ({ name }) => name.replace(/_for_children$/, ""),
      ),
    ).size,
  );
});

Deno.test("info for people has every section, and no finding without an answer", () => {
  const { code, stdout, stderr } = runProgram([OCIRT, "info"]);
  assertEquals([code, stderr], [0, ""]);
  for (const title of ["Runtime", "Host", "Control groups", "Namespaces", "Mounts", "Security"]) {
    assertMatch(stdout, new RegExp(`^${title}$`, "m"));
  }
  for (const line of stdout.split("\n").filter((text) => /^ {2}\S/.test(text))) {
    assertMatch(line, /^ {2}\S.* {2}\S/);
  }
});

Deno.test({
  name: "info works for an ordinary user with nothing set, and in an empty environment",
  ignore: requires("root", "setpriv"),
  fn(): void {
    const user = ["/usr/bin/setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"];
    // The folder of the executable may be root's alone: who has just become the user still gets in.
    const { host, rootless, mounts } = infoOf(["env", "-i", ...user]);
    assertMatch(
      String(host?.["user"]?.value),
      /^12345 \(uid 12345, gid 12345\): an ordinary user$/,
    );
    assertEquals(rootless?.["subuid"]?.reason, "/etc/subuid has no line for 12345");
    assertEquals(mounts?.["idmap"]?.reason, "only root can try it");
  },
});

Deno.test({
  name: "info answers where /proc and /sys are not what they should be",
  ignore: requires("root"),
  fn(): void {
    const script = 'mount -t tmpfs none /sys && mount --bind /dev/null /proc/$$/cgroup; exec "$@"';
    const document = infoOf([
      "unshare",
      "-m",
      "--propagation",
      "private",
      "sh",
      "-c",
      script,
      "sh",
    ]);
    assertEquals(document["security"]?.["apparmor"]?.available, false);
    assertEquals(document["cgroups"]?.["layout"]?.available, false);
  },
});

containerTest("info and the container agree on id-mapped mounts", (stage) => {
  const { mounts } = infoOf([], ["--root", stage.root]);
  const own = [mounts?.["idmap"]?.value ?? []].flat().some((text) => text.includes(stage.root));
  const idmap = stage.container((config) => {
    const map = [{ containerID: 0, hostID: 1, size: 1 }];
    config.mounts.push({
      ...{ destination: "/tmp", source: stage.root, options: ["bind"] },
      ...{ uidMappings: map, gidMappings: map },
    });
  });
  assert(own === (idmap.run().code === 0), "the state root's file system");
});
