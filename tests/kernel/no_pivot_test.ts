import { assertEquals, assertMatch } from "@std/assert";
import type { TestConfig } from "tests/support/bundle.ts";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

function userNamespace(config: TestConfig): void {
  config.linux.namespaces.push({ type: "user" });
  const map = [{ containerID: 0, hostID: 100000, size: 65536 }];
  Object.assign(config.linux, { uidMappings: map, gidMappings: map });
}

/** The host's own procfs and sysfs; other mounts may be those of tests that run at the same time. */
function hostProc(): string[] {
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  return lines.filter((line) => /^\S+ \S+ \S+ \S+ \/(proc|sys) /.test(line));
}

/** Root of a user namespace of its own, in the container, tries to see what is masked. */
function seeProc(stage: Stage, edit: (config: TestConfig) => void = (): void => {}): string {
  const c = stage.container((config) => {
    const inner = "mount -t proc none /proc && echo h > /proc/sysrq-trigger";
    config.process.args = ["busybox", "unshare", "-mrpf", "sh", "-c", inner];
    const all = ["CAP_SETFCAP", "CAP_SETUID", "CAP_SETGID"];
    config.process["capabilities"] = { bounding: all, permitted: all, effective: all };
    edit(config);
  });
  const { code, stderr } = c.run("--no-pivot");
  assertEquals(code, 1);
  return stderr;
}

containerTest("--no-pivot runs a container whose root is the rootfs", (stage) => {
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", "ls / /..; cat /proc/1/comm; ls -d /proc/sys /sys/class"];
  });
  const { code, stdout, stderr } = c.run("--no-pivot");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(stdout.match(/bin/g)?.length, 2);
  assertMatch(stdout, /sh\n\/proc\/sys\n\/sys\/class\n$/);
  assertEquals(stage.mounts(), []);
});

containerTest("--no-pivot leaves no procfs of the host's to be mounted without masks", (stage) => {
  const before = hostProc();
  assertMatch(seeProc(stage), /mount: .*(?:permission denied|Operation not permitted)/i);
  assertMatch(
    seeProc(stage, userNamespace),
    /mount: .*(?:permission denied|Operation not permitted)/i,
  );
  assertEquals(hostProc(), before);
});

containerTest("--no-pivot hides a procfs that is mounted anywhere on the host", (stage) => {
  const elsewhere = `${stage.dir}/else where`;
  Deno.mkdirSync(elsewhere);
  assertEquals(runProgram(["mount", "-t", "proc", "proc", elsewhere]).code, 0);
  try {
    assertMatch(seeProc(stage), /mount: .*(?:permission denied|Operation not permitted)/i);
    assertEquals(Deno.statSync(`${elsewhere}/self`).isDirectory, true);
  } finally {
    runProgram(["umount", elsewhere]);
  }
});

containerTest(
  "--no-pivot is refused with a private root and a mount namespace to join",
  (stage) => {
    for (const propagation of ["private", "rprivate"]) {
      const c = stage.container((config) => config.linux["rootfsPropagation"] = propagation);
      assertMatch(
        messageOf(c.launch("create", "--no-pivot")),
        /\/linux\/rootfsPropagation: rootfsPropagation of \[r\]private is not safe without pivot_root/,
      );
    }
    const { pid } = stage.container().create().state();
    const joining = stage.container((config) => {
      for (const namespace of config.linux.namespaces) {
        if (namespace.type === "mount") namespace.path = `/proc/${pid}/ns/mnt`;
      }
    });
    assertMatch(messageOf(joining.launch("create", "--no-pivot")), /Cannot use --no-pivot with/);
  },
);

containerTest("a root that is moved has the propagation that rootfsPropagation says", (stage) => {
  const c = stage.container((config) => {
    config.linux["rootfsPropagation"] = "shared";
    config.process.args = ["sh", "-c", `awk '$5 == "/"' /proc/self/mountinfo | tail -n1`];
  });
  assertMatch(c.run("--no-pivot").stdout, / shared:\d+ - /);
});

containerTest("exec finds the root of a container that was not pivoted, masks and all", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "100"]);
  c.create("--no-pivot").start();
  const script = "ls /; cat /proc/timer_list; stat -f -c %T /proc/sys; stat -c %i /";
  const { code, stdout, stderr } = c.do("exec", "sh", "-c", script);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^bin\ndev\netc\nproc\nroot\nsys\ntmp\nvar\nproc\n/);
  assertEquals(stdout.trimEnd().split("\n").at(-1), String(Deno.statSync(stage.rootfs).ino));
});

/** Runs behind chroot(8) into a folder through which the host's own are seen. */
const IN_CHROOT = `
set -e
d=$1 prepare=$2; shift 2
$prepare
for f in /*; do
  if [ -L $f ]; then ln -s "$(readlink $f)" $d$f
  elif [ -d $f ]; then mkdir $d$f; mount --rbind $f $d$f; fi
done
exec chroot $d "$@"
`;

containerTest("a chroot that is no mount point is told, and what the hint says helps", (stage) => {
  const run = (prepare: string): Result => {
    const c = stage.container((config) => config.process.args = ["echo", "hi"]);
    const folder = Deno.makeTempDirSync({ dir: stage.dir });
    return runProgram([
      ...["unshare", "--mount", "--propagation", "private", "sh", "-c", IN_CHROOT, "sh", folder],
      ...[prepare.replaceAll("DIR", folder), OCIRT],
      ...["--root", stage.root, "run", "--bundle", c.bundle, c.id],
    ]);
  };
  assertMatch(messageOf(run(":")), /EINVAL .*; hint: "\/" is no mount point, as after chroot\(1\)/);
  assertEquals(run("mount --bind DIR DIR"), { code: 0, stdout: "hi\n", stderr: "" });
});
