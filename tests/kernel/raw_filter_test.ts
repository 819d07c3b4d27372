/** A seccomp filter that somebody else has compiled: crun's annotation run.oci.seccomp_bpf_data. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { syscallNumber as aarch64Number } from "syscalls/abi/numbers/aarch64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { syscallNumber as x8664Number } from "syscalls/abi/numbers/x86_64.ts";
import { SECCOMP_RET } from "syscalls/abi/seccomp.ts";
import type { ClassicInstruction } from "syscalls/bpf/classic.ts";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { callWith, failedWith, writeCall } from "tests/support/one_call.ts";
import { instruction, rawFilter } from "tests/support/raw_filter.ts";
import { exec } from "tests/support/running.ts";
import { answerNext, SeccompAgent } from "tests/support/seccomp_agent.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const DATA = "run.oci.seccomp_bpf_data";

const { SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF } = SECCOMP_RET;

function numberOf(name: SyscallName): number {
  return Deno.build.arch === "x86_64" ? x8664Number(name) : aarch64Number(name);
}

/** Allows everything but one call. */
function allowBut(name: SyscallName, answer: number): ClassicInstruction[] {
  return [
    instruction(0x20, 0),
    instruction(0x15, numberOf(name), 0, 1),
    instruction(0x06, answer),
    instruction(0x06, SECCOMP_RET_ALLOW),
  ];
}

function withProgram(program: readonly ClassicInstruction[], more: Edit = () => {}): Edit {
  return (config: TestConfig): void => {
    config["annotations"] = { [DATA]: rawFilter(program) };
    more(config);
  };
}

const SETTINGS: Readonly<Record<string, Edit>> = {
  "with noNewPrivileges": (config) => void (config.process["noNewPrivileges"] = true),
  "without noNewPrivileges": (config) => void (config.process["noNewPrivileges"] = false),
};

for (const [setting, edit] of Object.entries(SETTINGS)) {
  containerTest(`a program bites in place of the profile, ${setting}`, (stage) => {
    const program = allowBut("lseek", SECCOMP_RET_ERRNO | ERRNO.ENETDOWN);
    const profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["dup"], action: "SCMP_ACT_ERRNO", errnoRet: ERRNO.EXDEV }],
    };
    const edits = withProgram(program, edit);
    assertEquals(callWith(stage, profile, ["lseek", 900n], edits), failedWith(ERRNO.ENETDOWN));
    assertEquals(callWith(stage, profile, ["dup", 900n], edits), failedWith(ERRNO.EBADF));
  });
}

containerTest("it bites in a process of exec and in a hook, too", (stage) => {
  const call = writeCall(stage, "lseek", [900n]);
  const program = allowBut("lseek", SECCOMP_RET_ERRNO | ERRNO.ENETDOWN);
  const container = stage.container(withProgram(program, (config) => {
    config.process.args = ["sleep", "1000"];
    delete config.linux["seccomp"];
  })).create().start();
  assertEquals(exec(stage, container, { args: [call] }).code, failedWith(ERRNO.ENETDOWN));
  const hooked = stage.container(withProgram(program, (config) => {
    config["hooks"] = { startContainer: [{ path: call }] };
  })).create();
  const { code, stderr } = hooked.do("start");
  assertEquals(code, 1);
  assertStringIncludes(stderr, `exit status ${failedWith(ERRNO.ENETDOWN)}`);
});

containerTest(
  "a program may calculate, and the runtime sees what it answers as the kernel does",
  (stage) => {
    // The errno is (first argument >> 2) * 3 + 20.
    const program = [
      instruction(0x20, 0),
      instruction(0x15, numberOf("lseek"), 1, 0),
      instruction(0x06, SECCOMP_RET_ALLOW),
      instruction(0x01, 20),
      instruction(0x03, 5),
      instruction(0x20, 16),
      instruction(0x74, 2),
      instruction(0x24, 3),
      instruction(0x61, 5),
      instruction(0x0c),
      instruction(0x44, SECCOMP_RET_ERRNO),
      instruction(0x16),
    ];
    for (const first of [0, 8, 40]) {
      const errno = (first >> 2) * 3 + 20;
      const code = callWith(stage, {}, ["lseek", BigInt(first)], withProgram(program));
      assertEquals(code, failedWith(errno));
    }
  },
);

containerTest("calls that a program leaves to an agent are answered by it", async (stage) => {
  const path = `${stage.dir}/agent.sock`;
  using agent = new SeccompAgent(path);
  const container = stage.container((config) => {
    config.process.args = [writeCall(stage, "lseek", [900n])];
    config["annotations"] = {
      [DATA]: rawFilter(allowBut("lseek", SECCOMP_RET_USER_NOTIF)),
      "run.oci.seccomp.receiver": path,
    };
  });
  const run = stage.ocirtAsync(["run", "--bundle", container.bundle, container.id]);
  {
    using filtered = agent.take();
    assertEquals(filtered.state.state.status, "creating");
    answerNext(filtered, { errno: ERRNO.ENOMEDIUM });
  }
  assertEquals((await run).code, failedWith(ERRNO.ENOMEDIUM));
  assert(agent.quiet);
});

containerTest("explain shows the step and where it comes from", (stage) => {
  const container = stage.container(withProgram(allowBut("lseek", SECCOMP_RET_ERRNO)));
  const { code, stdout } = stage.ocirt(["explain", "-b", container.bundle, "--format", "json"]);
  assertEquals(code, 0);
  const steps: readonly { readonly label: string; readonly origin: string }[] =
    JSON.parse(stdout).steps;
  const step = steps.find(({ label }) => label.startsWith("install seccomp filter"));
  assertEquals([step?.label, step?.origin], [
    "install seccomp filter of 4 instructions",
    `/annotations/${DATA}`,
  ]);
});

containerTest("what is no filter is refused, and nothing made", (stage) => {
  const refused = (base64: string): string => {
    const container: Container = stage.container((config) => {
      config["annotations"] = { [DATA]: base64 };
    });
    let words = "";
    leavingNothing(stage, () => void (words = messageOf(container.run())));
    return words;
  };
  assertRefusals(stage, refused);
});

function assertRefusals(stage: Stage, refused: (base64: string) => string): void {
  const at = `config.json: /annotations/${DATA}: `;
  assertStringIncludes(refused("no base64!"), `${at}it is not base64`);
  assertStringIncludes(refused("AAAA"), `${at}it has 3 bytes; an instruction has 8`);
  assertStringIncludes(refused(""), `${at}instruction 0: there is none`);
  assertStringIncludes(
    refused(rawFilter([instruction(0x20, 2), instruction(0x06)])),
    `${at}instruction 0: it loads byte 2, where no word of struct seccomp_data is`,
  );
  assertStringIncludes(
    refused(rawFilter([instruction(0x06, 0)])),
    `Cannot install seccomp filter (/annotations/${DATA}): it refuses write (KILL_THREAD)`,
  );
  assertStringIncludes(
    refused(rawFilter(allowBut("lseek", SECCOMP_RET_USER_NOTIF))),
    `${at}it leaves calls to an agent, and seccomp listenerPath is not set`,
  );
  const profile = `${stage.dir}/look.json`;
  const linux = { seccomp: { defaultAction: "SCMP_ACT_ALLOW" } };
  const root = { path: "rootfs" };
  Deno.writeTextFileSync(
    profile,
    JSON.stringify({ ociVersion: "1.3.0", root, linux, annotations: { [DATA]: "" } }),
  );
  assertStringIncludes(
    stage.ocirt(["seccomp", "dump", profile]).stderr,
    "stands in for linux.seccomp, and is compiled: there is no profile to look at",
  );
}
