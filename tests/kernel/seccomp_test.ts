import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { writeElf } from "syscalls/native/elf.ts";
import { HEADERS_SIZE, segments } from "syscalls/native/layout.ts";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { callWith, failedWith, type Profile, writeCall } from "tests/support/one_call.ts";
import { exec, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const SIGSYS = 31;

/** A profile that lets everything through but what its rules say. */
function allowBut(...syscalls: readonly Profile[]): Profile {
  return { defaultAction: "SCMP_ACT_ALLOW", syscalls };
}

function rule(action: string, ...names: readonly string[]): Profile {
  return { names, action: `SCMP_ACT_${action}` };
}

/** The ways in which a process may be without powers when the filter is installed. */
const SETTINGS: Readonly<Record<string, Edit>> = {
  "with noNewPrivileges": (config) => void (config.process["noNewPrivileges"] = true),
  "without noNewPrivileges": (config) => void (config.process["noNewPrivileges"] = false),
  "for an ordinary user without noNewPrivileges": (config) => {
    config.process["noNewPrivileges"] = false;
    config.process.user = { uid: 1000, gid: 1000 };
    delete config.process["capabilities"];
  },
  "in a user namespace without noNewPrivileges": (config) => {
    config.process["noNewPrivileges"] = false;
    inUserNamespace(config);
  },
};

function inUserNamespace(config: TestConfig): void {
  config.linux.namespaces.push({ type: "user" });
  for (const kind of ["uid", "gid"]) {
    config.linux[`${kind}Mappings`] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  }
}

for (const [setting, edit] of Object.entries(SETTINGS)) {
  containerTest(`SCMP_ACT_ERRNO answers with its errno, or EPERM, ${setting}`, (stage) => {
    const profile = allowBut(
      rule("ERRNO", "lseek"),
      { ...rule("ERRNO", "dup"), errnoRet: ERRNO.ENETDOWN },
    );
    assertEquals(callWith(stage, profile, ["lseek", 900n], edit), failedWith(ERRNO.EPERM));
    assertEquals(callWith(stage, profile, ["dup", 900n], edit), failedWith(ERRNO.ENETDOWN));
    assertEquals(callWith(stage, profile, ["fsync", 900n], edit), failedWith(ERRNO.EBADF));
  });

  containerTest(
    `a filter leaves the process no power that it would not have, ${setting}`,
    (stage) => {
      const show = 'grep -E "^(Cap|Uid|NoNewPrivs)" /proc/self/status';
      const filter = (config: TestConfig): void => void (config.linux["seccomp"] = allowBut());
      const without = stage.sh(show, edit);
      const script = `${show}; grep -E "^Seccomp(_filters)?:" /proc/self/status`;
      const seen = stage.sh(script, (config) => {
        edit(config);
        filter(config);
      });
      assertEquals(seen, `${without}Seccomp:\t2\nSeccomp_filters:\t1\n`);
      const created = stage.container((config) => {
        edit(config);
        filter(config);
      }).create();
      const status = Deno.readTextFileSync(`/proc/${created.state().pid}/status`);
      const effective = /^CapEff:.*$/m;
      assertEquals(effective.exec(status)?.[0], effective.exec(without)?.[0]);
      assertMatch(status, /^Seccomp:\t2$/m);
    },
  );
}

containerTest("the actions that kill end the process by SIGSYS", (stage) => {
  for (const action of ["KILL", "KILL_THREAD", "KILL_PROCESS", "TRAP"]) {
    assertEquals(callWith(stage, allowBut(rule(action, "lseek")), ["lseek"]), 128 + SIGSYS, action);
  }
});

containerTest(
  "SCMP_ACT_TRAP raises a signal that the process can handle, SCMP_ACT_KILL none",
  (stage) => {
    const endOf = (action: string): string => {
      const container = stage.container((config) => {
        config.process.args = [
          "sh",
          "-c",
          "trap 'echo trapped; exit 3' SYS; cd /tmp; echo untouched",
        ];
        config.linux["seccomp"] = allowBut(rule(action, "chdir"));
      });
      const { code, stdout } = container.run();
      return `${code} ${stdout}`;
    };
    assertEquals(endOf("TRAP"), "3 trapped\n");
    assertEquals(endOf("KILL"), `${128 + SIGSYS} `);
  },
);

containerTest(
  "SCMP_ACT_LOG lets a call through, SCMP_ACT_TRACE fails without a tracer",
  (stage) => {
    const log = { ...allowBut(rule("LOG", "fsync")), flags: ["SECCOMP_FILTER_FLAG_LOG"] };
    assertEquals(callWith(stage, log, ["fsync", 900n]), failedWith(ERRNO.EBADF));
    const trace = allowBut({ ...rule("TRACE", "fsync"), errnoRet: 7 });
    assertEquals(callWith(stage, trace, ["fsync", 900n]), failedWith(ERRNO.ENOSYS));
  },
);

containerTest("a rule with arguments is for the calls whose arguments are like that", (stage) => {
  const big = 0x1_0000_0005n;
  const cases:
    readonly (readonly [op: string, value: bigint, two: bigint, seen: bigint, hit: boolean])[] = [
      ["EQ", big, 0n, big, true],
      ["EQ", big, 0n, 5n, false],
      ["NE", 5n, 0n, big, true],
      ["LT", big, 0n, 6n, true],
      ["LE", big, 0n, big + 1n, false],
      ["GE", 5n, 0n, big, true],
      ["GT", big, 0n, 6n, false],
      ["MASKED_EQ", 0xff00n, 0x1200n, 0x1234n, true],
      ["MASKED_EQ", 0xff00n, 0x1200n, 0x2134n, false],
    ];
  for (const [op, value, valueTwo, seen, hit] of cases) {
    const args = [{
      index: 1,
      value: Number(value),
      valueTwo: Number(valueTwo),
      op: `SCMP_CMP_${op}`,
    }];
    const profile = allowBut({ ...rule("ERRNO", "lseek"), errnoRet: ERRNO.ENETDOWN, args });
    const errno = hit ? ERRNO.ENETDOWN : ERRNO.EBADF;
    const code = callWith(stage, profile, ["lseek", 900n, seen]);
    assertEquals(code, failedWith(errno), `${seen} ${op} ${value}`);
  }
});

/** A program of i386 system calls: getpid, then exit with 0, or with 1 where that failed. */
function writeI386Program(stage: Stage): string {
  const code = Uint8Array.of(
    ...[0xb8, 20, 0, 0, 0, 0xcd, 0x80], // mov eax, getpid; int 0x80
    ...[0x31, 0xdb, 0x85, 0xc0, 0x79, 0x02, 0xb3, 0x01], // xor ebx, ebx; test eax, eax; jns +2; mov bl, 1
    ...[0xb8, 1, 0, 0, 0, 0xcd, 0x80], // mov eax, exit; int 0x80
  );
  const layout = segments("x86_64", HEADERS_SIZE, 8);
  const elf = writeElf(layout, new Uint8Array(HEADERS_SIZE), code);
  Deno.writeFileSync(`${stage.rootfs}/i386`, elf, { mode: 0o755 });
  return "/i386";
}

/** Whether this kernel has no such calls, which is said. */
function lacksI386(program: string): boolean {
  if (new Deno.Command(program).outputSync().code === 0) return false;
  console.warn("skipping a test: this kernel has no calls of i386 (CONFIG_IA32_EMULATION)");
  return true;
}

if (Deno.build.arch === "x86_64") {
  containerTest(
    "calls of i386 kill unless the profile names it, whose rules then hold for them",
    (stage) => {
      const program = writeI386Program(stage);
      if (lacksI386(stage.rootfs + program)) return;
      const codeWith = (profile: Profile): number =>
        stage.container((config) => {
          config.process.args = [program];
          config.linux["seccomp"] = profile;
        }).run().code;
      const both = { architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"] };
      assertEquals(codeWith(allowBut(rule("ERRNO", "lseek"))), 128 + SIGSYS);
      assertEquals(codeWith({ ...allowBut(rule("ERRNO", "lseek")), ...both }), 0);
      assertEquals(codeWith({ ...allowBut(rule("ERRNO", "getpid")), ...both }), 1);
    },
  );
}

containerTest(
  "calls that are newer than the profile are answered ENOSYS, older ones as it says",
  (stage) => {
    const names = ["read", "write", "execve", "capset", "exit_group", "openat"];
    const profile = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [rule("ALLOW", ...names)] };
    assertEquals(callWith(stage, profile, ["mount_setattr"]), failedWith(ERRNO.ENOSYS));
    assertEquals(callWith(stage, profile, ["lseek", 900n]), failedWith(ERRNO.EPERM));
  },
);

containerTest(
  "Docker's profile lets a shell work, and keeps it from what it is to be kept from",
  (stage) => {
    const fixture = new URL("../fixtures/spec/docker.json", import.meta.url);
    const { linux } = JSON.parse(Deno.readTextFileSync(fixture));
    const edit = (config: TestConfig): void => void (config.linux["seccomp"] = linux.seccomp);
    const script =
      "cd /dev/shm; mkdir a && echo one | sed s/one/two/ >a/b && cat a/b; ls a; rm -r a; id -u";
    assertEquals(stage.sh(script, edit), "two\nb\n0\n");
    const keyctl = callWith(stage, linux.seccomp, ["keyctl"]);
    assertEquals(keyctl, failedWith(ERRNO.EPERM));
  },
);

containerTest(
  "the init makes no call behind the filter that other runtimes could do without",
  (stage) => {
    const profile = {
      defaultAction: "SCMP_ACT_KILL_PROCESS",
      syscalls: [rule("ALLOW", "read", "write", "execve", "exit_group")],
    };
    const setting = (privileges: boolean, names: readonly string[]): Edit => (config) => {
      config.process["noNewPrivileges"] = privileges;
      config.linux["seccomp"] = {
        ...profile,
        syscalls: [...profile.syscalls, rule("ALLOW", ...names)],
      };
      config.process.args = [writeCall(stage, "exit_group", [7n])];
    };
    const init = stage.container(setting(true, ["rt_sigreturn"]));
    assertEquals(init.run().code, 7);
    assertEquals(stage.container(setting(false, ["capset"])).run().code, 7);
    // A process of exec needs no more.
    const waiting = stage.container(setting(true, ["rt_sigreturn"])).create();
    const args = [writeCall(stage, "exit_group", [8n])];
    assertEquals(exec(stage, waiting, { args }).code, 8);
  },
);

containerTest(
  "a created container with a filter ends by a signal as one without",
  async (stage) => {
    const container = stage.container((config) => void (config.linux["seccomp"] = allowBut()))
      .create();
    assertEquals(container.do("kill", "TERM").code, 0);
    await container.await("stopped");
  },
);

containerTest(
  "a process of exec has the container's filter, with and without noNewPrivileges",
  (stage) => {
    for (const noNewPrivileges of [true, false]) {
      const container = sleeper(stage, (config) => {
        config.process["noNewPrivileges"] = noNewPrivileges;
        config.linux["seccomp"] = allowBut(rule("ERRNO", "mkdir", "mkdirat"));
      });
      const flags = ["--user", "1000:1000"];
      for (const more of [[], flags]) {
        const { code, stderr } = exec(stage, container, { flags: more, args: ["mkdir", "/tmp/x"] });
        assertEquals(code, 1);
        assertStringIncludes(stderr, "Operation not permitted");
      }
    }
  },
);

containerTest("a startContainer hook runs with the filter", (stage) => {
  const container = stage.container((config) => {
    config.linux["seccomp"] = allowBut(rule("ERRNO", "mkdir", "mkdirat"));
    const args = ["sh", "-c", "mkdir /tmp/x"];
    config["hooks"] = { startContainer: [{ path: "/bin/sh", args }] };
  });
  assertStringIncludes(container.run().stderr, "Operation not permitted");
});

containerTest(
  "the flags are those of the profile, and without any the one for speculation",
  (stage) => {
    const flagsOf = (profile: Profile): string | undefined => {
      const container = stage.container((config) => void (config.linux["seccomp"] = profile));
      const args = ["--debug", "run", "--bundle", container.bundle, container.id];
      return /seccomp filter flags: (\d+)/.exec(stage.ocirt(args).stderr)?.[1];
    };
    assertEquals(flagsOf(allowBut()), "4");
    assertEquals(flagsOf({ ...allowBut(), flags: [] }), "0");
    const flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"];
    assertEquals(flagsOf({ ...allowBut(), flags }), "2");
  },
);

/** Runs a container that cannot come to be, and gives the words of it; nothing may be left. */
function refusal(stage: Stage, profile: Profile): string {
  let words = "";
  const container = stage.container((config) => void (config.linux["seccomp"] = profile));
  leavingNothing(stage, () => void (words = messageOf(container.run())));
  return words;
}

containerTest(
  "a profile that refuses what the init cannot do without is told, call by call",
  (stage) => {
    const profile = {
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [rule("ALLOW", "write", "capset"), rule("KILL", "read")],
    };
    const words = refusal(stage, profile);
    assertStringIncludes(words, "Cannot install seccomp filter (/linux/seccomp): it refuses ");
    assertStringIncludes(words, "read (KILL_THREAD)");
    assertStringIncludes(words, "execve (ERRNO EPERM)");
    assertStringIncludes(words, "hint: allow ");
  },
);

containerTest(
  "a profile that refuses it for some arguments ends the init, and nobody waits for it",
  (stage) => {
    const args = [{ index: 2, value: 16, op: "SCMP_CMP_EQ" }];
    const words = refusal(stage, allowBut({ ...rule("ERRNO", "write"), args }));
    assertStringIncludes(words, "ended without a word before it was ready");
    assertStringIncludes(words, "the seccomp filter");
  },
);

containerTest("a flag that is for rules which the profile does not have is refused", (stage) => {
  const flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
  const words = refusal(stage, { ...allowBut(), flags });
  assertStringIncludes(words, "/linux/seccomp/flags/0: is for rules with SCMP_ACT_NOTIFY");
});

containerTest(
  "explain shows where the filter is installed, and with how many instructions",
  (stage) => {
    const shown = (noNewPrivileges: boolean): string => {
      const container: Container = stage.container((config) => {
        config.process["noNewPrivileges"] = noNewPrivileges;
        config.linux["seccomp"] = allowBut(rule("ERRNO", "mkdir"));
      });
      return stage.ocirt(["explain", "--bundle", container.bundle]).stdout;
    };
    const early = shown(false);
    assertMatch(early, /install seccomp filter of \d+ instructions +\[?\/linux\/seccomp/);
    assert(early.indexOf("find executable") < early.indexOf("install seccomp filter"));
    assert(early.indexOf("install seccomp filter") < early.indexOf("give up CAP_SYS_ADMIN"));
    assert(!shown(true).includes("give up CAP_SYS_ADMIN"));
  },
);
