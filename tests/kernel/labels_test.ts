/** What AppArmor and SELinux are told of a container's processes, and what is said where they are missing. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import { makeProgram } from "tests/support/small_program.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** keyctl(2), and the keyring that a process has. */
const KEYCTL_GET_SECURITY = 17;
const KEY_SPEC_SESSION_KEYRING = -3;

const PROFILE = "ocirt-test-profile";
const OTHER = "ocirt-test-other";

/** Loads two profiles, of which the first denies a file, for as long as a test needs them. */
function withProfiles(stage: Stage, test: () => void): void {
  const file = `${stage.dir}/profiles`;
  const all = "file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,";
  const profile = (name: string, more: string): string =>
    `profile ${name} flags=(attach_disconnected,mediate_deleted) { ${all} ${more} }\n`;
  const text = profile(PROFILE, "deny /etc/group r,") + profile(OTHER, "");
  Deno.writeTextFileSync(file, `abi <abi/3.0>,\n${text}`);
  const parser = (...args: string[]): void => {
    const { code, stderr } = runProgram(["apparmor_parser", "--skip-cache", ...args, file]);
    assertEquals(code, 0, stderr);
  };
  parser("--replace");
  try {
    test();
  } finally {
    parser("--remove");
  }
}

function profiled(profile: string): Edit {
  return (config: TestConfig): void => {
    config.process["apparmorProfile"] = profile;
  };
}

const CURRENT = "cat /proc/self/attr/current";

function running(stage: Stage, edit: Edit): Container {
  return stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  }).create().start();
}

containerTest(
  "the profile confines the container's process",
  (stage) => {
    withProfiles(stage, () => {
      const seen = stage.sh(
        `${CURRENT}; cat /etc/passwd >/dev/null && ! cat /etc/group 2>&1`,
        profiled(PROFILE),
      );
      assertMatch(seen, new RegExp(`^${PROFILE} \\(enforce\\)\ncat: .*Permission denied\n$`));
    });
  },
  "AppArmor",
);

containerTest(
  "with no_new_privs, as a user and in a user namespace too",
  (stage) => {
    withProfiles(stage, () => {
      const seen = stage.sh(CURRENT, (config) => {
        profiled(PROFILE)(config);
        config.process["noNewPrivileges"] = true;
        config.process.user = { uid: 1000, gid: 1000 };
        config.linux.namespaces.push({ type: "user" });
        const map = [{ containerID: 0, hostID: 0, size: 65_536 }];
        Object.assign(config.linux, { uidMappings: map, gidMappings: map });
      });
      assertEquals(seen, `${PROFILE} (enforce)\n`);
    });
  },
  "AppArmor",
);

containerTest(
  "a process of exec has the container's profile, or its own",
  (stage) => {
    withProfiles(stage, () => {
      const c = running(stage, profiled(PROFILE));
      const exec = (...flags: string[]): string =>
        stage.ocirt(["exec", ...flags, c.id, "cat", "/proc/self/attr/current"]).stdout;
      assertEquals(exec(), `${PROFILE} (enforce)\n`);
      assertEquals(exec("--apparmor", OTHER), `${OTHER} (enforce)\n`);
      assertEquals(exec("--apparmor", ""), `${PROFILE} (enforce)\n`);
      assertEquals(exec("--apparmor", "unconfined"), "unconfined\n");
    });
  },
  "AppArmor",
);

containerTest("a profile that is not loaded is told in the words that callers know", (stage) => {
  const result = stage.container(profiled("ocirt-test-missing")).run();
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /unable to apply apparmor profile: apparmor failed to apply profile: "ocirt-test-missing" .*ENOENT \(no such file or directory\); hint: the profile is not loaded/,
  );
}, "AppArmor");

containerTest("without AppArmor a profile is refused, by its place in the file", (stage) => {
  const result = stage.container(profiled("docker-default")).run();
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /\/process\/apparmorProfile: profile "docker-default" is specified in config, but apparmor is disabled or not supported/,
  );
  const c = running(stage, () => {});
  const exec = stage.ocirt(["exec", "--apparmor", "docker-default", c.id, "true"]);
  assertEquals(exec.code, 255);
  assertMatch(messageOf(exec), /the command line: \/apparmorProfile: .*apparmor is disabled/);
}, "no AppArmor");

containerTest("without AppArmor everything is unconfined, and an empty name is none", (stage) => {
  for (const profile of ["unconfined", ""]) {
    assertEquals(stage.sh("echo ran", profiled(profile)), "ran\n");
  }
}, "no AppArmor");

containerTest("without SELinux a label is refused in runc's words", (stage) => {
  const result = stage.container((config) => config.process["selinuxLabel"] = "u:r:t:s0").run();
  assertEquals(result.code, 1);
  const words =
    /selinuxLabel: selinux label is specified in config, but selinux is disabled or not supported/;
  assertMatch(messageOf(result), words);
  const c = running(stage, () => {});
  const exec = stage.ocirt(["exec", "--process-label", "u:r:t:s0", c.id, "true"]);
  assertEquals(exec.code, 255);
  assertMatch(messageOf(exec), words);
}, "no SELinux");

const LABEL = "system_u:system_r:container_t:s0:c4,c5";
const OTHER_LABEL = "system_u:system_r:container_t:s0:c6,c7";
const MOUNT_LABEL = "system_u:object_r:container_file_t:s0:c4,c5";

containerTest("the label is that of the process, of exec's too unless it has another", (stage) => {
  const labelled: Edit = (config) => config.process["selinuxLabel"] = LABEL;
  const script = "tr -d '\\0' </proc/self/attr/current; cat /proc/self/attr/exec";
  assertEquals(stage.sh(script, labelled), LABEL);
  const c = running(stage, labelled);
  const exec = (...flags: string[]): string =>
    stage.ocirt(["exec", ...flags, c.id, "sh", "-c", script]).stdout;
  assertEquals(exec(), LABEL);
  assertEquals(exec("--process-label", OTHER_LABEL), OTHER_LABEL);
}, "SELinux");

containerTest("the session keyring has the process's label", (stage) => {
  makeProgram(`${stage.rootfs}/bin/keyring-label`, (program) => {
    const label = program.slot(256);
    const length = program.slot();
    const session = program.immediate(KEY_SPEC_SESSION_KEYRING);
    const operation = program.immediate(KEYCTL_GET_SECURITY);
    const space = program.addressOf(label);
    program.call("keyctl", [operation, session, space, program.immediate(256)], { into: length });
    program.call("write", [program.immediate(1), space, program.value(length)]);
  });
  const seen = stage.container((config) => {
    config.process["selinuxLabel"] = LABEL;
    config.process.args = ["keyring-label"];
  }).run();
  assertEquals(seen, { code: 0, stdout: `${LABEL}\0`, stderr: "" });
}, "SELinux");

containerTest("mounts have the mount label, but those that the kernel labels itself", (stage) => {
  const script = "grep -o ' /[^ ]* .*' /proc/self/mountinfo";
  const lines = stage.sh(script, (config) => config.linux["mountLabel"] = MOUNT_LABEL).split("\n");
  const labelled = (path: string): boolean =>
    lines.some((line) => line.includes(` ${path} `) && line.includes(`context="${MOUNT_LABEL}"`));
  assertEquals(["/dev", "/dev/shm", "/dev/pts", "/proc", "/sys"].map(labelled), [
    true,
    true,
    true,
    false,
    false,
  ]);
}, "SELinux");

containerTest(
  "mounts have the label by the option that run.oci.mount_context_type names",
  (stage) => {
    for (const option of ["context", "fscontext", "rootcontext"]) {
      const seen = stage.sh("grep -E ' /(dev|tmp) ' /proc/self/mountinfo", (config) => {
        config.linux["mountLabel"] = MOUNT_LABEL;
        config["annotations"] = { "run.oci.mount_context_type": option };
        config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs" });
      }).trim().split("\n");
      const told = seen.map((line) => /[a-z]*context="[^"]*"/.exec(line)?.[0]);
      assertEquals(told, Array(2).fill(`${option}="${MOUNT_LABEL}"`));
    }
    const kept = stage.container((config) => {
      config.linux["mountLabel"] = MOUNT_LABEL;
      config["annotations"] = { "run.oci.mount_context_type": "defcontext" };
    }).run();
    assertMatch(messageOf(kept), /EINVAL .*; defcontext is for file systems that keep labels/);
  },
  "SELinux",
);

containerTest("a context that the policy does not know is told", (stage) => {
  const result = stage.container((config) => {
    config.process["selinuxLabel"] = "no:such:context:s0";
  }).run();
  assertEquals(result.code, 1);
  assertMatch(messageOf(result), /EINVAL .*hint: the SELinux policy knows no such context/);
}, "SELinux");
