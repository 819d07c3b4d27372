import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CLASSIC_SIZE, decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { wordsOf } from "runtime/compile/seccomp/ask.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

const PROFILE = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 13,
  architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
  syscalls: [
    { names: ["read", "write", "openat2"], action: "SCMP_ACT_ALLOW" },
    {
      names: ["personality"],
      action: "SCMP_ACT_TRAP",
      args: [{ index: 0, value: 0x20000, op: "SCMP_CMP_EQ" }],
    },
  ],
};

function write(stage: Stage, name: string, content: unknown): string {
  const path = `${stage.dir}/${name}`;
  Deno.writeTextFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function test(stage: Stage, ...args: readonly string[]): string {
  const { code, stdout, stderr } = stage.ocirt(["seccomp", "test", ...args]);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

containerTest("seccomp test tells the answer and the rule that gives it", (stage) => {
  const profile = write(stage, "profile.json", PROFILE);
  const arch = ["--arch", "SCMP_ARCH_X86_64"];
  assertMatch(
    test(stage, ...arch, profile, "read"),
    /^read \(0, SCMP_ARCH_X86_64\): ALLOW\n {2}\/syscalls\/0\n {2}after \d+ of \d+ instructions\n$/,
  );
  const personality = (...args: readonly string[]): string =>
    test(stage, ...arch, profile, "personality", ...args).split("\n").slice(0, 2).join("");
  assertEquals(personality("0x20000"), "personality (135, SCMP_ARCH_X86_64): TRAP  /syscalls/1");
  assertMatch(personality("131072"), /: TRAP {2}\/syscalls\/1$/);
  assertMatch(personality("--", "-1"), /: ERRNO\(EACCES\) {2}no rule fits.*: \/defaultAction$/);
  assertMatch(personality(), /: ERRNO\(EACCES\) {2}no rule fits/);
  assertMatch(test(stage, ...arch, profile, "9999"), /^9999 .*ERRNO\(ENOSYS\)\n {2}its number/);
  assertMatch(
    test(stage, "--arch", "x32", profile, "read"),
    /KILL_THREAD\n {2}the profile does not have this architecture/,
  );
  assertMatch(test(stage, "--arch", "arm64", profile, "read"), /^read \(63, SCMP_ARCH_AARCH64\)/);
});

containerTest("seccomp test reads a config.json, and answers in JSON", (stage) => {
  const { bundle } = stage.container((config) => {
    config.linux["seccomp"] = PROFILE;
  });
  const args = ["-f", "json", "--arch", "x86", `${bundle}/config.json`, "write", "1", "2", "3"];
  const tested = JSON.parse(test(stage, ...args));
  const { syscall, number, arch, answer, reason, origin } = tested;
  assertEquals({ syscall, number, arch, answer, reason, origin }, {
    syscall: "write",
    number: 4,
    arch: "SCMP_ARCH_X86",
    answer: "ALLOW",
    reason: "rule",
    origin: "/linux/seccomp/syscalls/0",
  });
  const stopped = JSON.parse(test(stage, "-f", "json", `${bundle}/config.json`, "mount"));
  assertEquals(stopped.origin, "/linux/seccomp/defaultAction");
});

containerTest(
  "seccomp dump lists the filter, and gives the bytes that the kernel would",
  (stage) => {
    const profile = write(stage, "profile.json", PROFILE);
    const dump = (format: string): string => {
      const { code, stdout, stderr } = stage.ocirt([
        ...["seccomp", "dump", "--arch", "x86_64", "--format", format, profile],
      ]);
      assertEquals([code, stderr], [0, ""]);
      return stdout;
    };
    const text = dump("text");
    assertStringIncludes(text, "; SCMP_ARCH_X86_64, SCMP_ARCH_X86\n");
    assertMatch(text, /flags SECCOMP_FILTER_FLAG_SPEC_ALLOW\n/);
    assertMatch(text, /^ *0 {2}ld {3}nr$/m);
    assertMatch(text, /^ *\d+ {2}j.. {2}#0x2, \d+, \d+ +; open \/ fork$/m);
    assertMatch(text, /^ *\d+ {2}jeq {2}#0xc000003e, \d+, \d+ +; AUDIT_ARCH_X86_64$/m);
    assertMatch(text, /^ *\d+ {2}ret {2}ERRNO\(EACCES\)$/m);
    const bytes = Uint8Array.from(atob(dump("base64").trim()), (letter) => letter.charCodeAt(0));
    const { listing, base64 } = JSON.parse(dump("json"));
    assertEquals(bytes.length, CLASSIC_SIZE * listing.length);
    assertEquals(base64, dump("base64").trim());
    const words = wordsOf({ arch: "SCMP_ARCH_X86_64", number: 0, args: [] });
    assertEquals(interpretClassic(decodeClassic(bytes), words).answer, 0x7fff0000);
  },
);

containerTest("what cannot be looked at is told in a sentence", (stage) => {
  const profile = write(stage, "profile.json", PROFILE);
  const failure = (...args: readonly string[]): string => {
    const result = stage.ocirt(["seccomp", ...args]);
    assert(result.code !== 0, args.join(" "));
    assertEquals(result.stdout, "");
    return messageOf(result);
  };
  assertMatch(failure("test", `${profile}.none`, "read"), /Cannot read .*ENOENT/);
  assertMatch(failure("test", profile, "no_such_call"), /Cannot find system call no_such_call: /);
  assertMatch(failure("test", profile, "read", "one"), /Cannot use argument one: it is no 64-bit/);
  assertMatch(failure("test", profile, "read", "0x10000000000000000"), /no 64-bit number/);
  assertMatch(failure("test", "--arch", "pdp11", profile, "read"), /Cannot use architecture pdp11/);
  assertMatch(failure("dump", profile, "read"), /Cannot run seccomp dump /);
  assertMatch(failure("test", "-f", "base64", profile, "read"), /only a filter has bytes/);
  assertMatch(failure("dump", write(stage, "a", "{")), /line 1 column 2/);
  assertMatch(failure("dump", write(stage, "b", {})), /\/defaultAction: is missing/);
  const rules = [{ names: ["read"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_BPF"] } }];
  const template = { defaultAction: "SCMP_ACT_ERRNO", syscalls: rules };
  assertMatch(failure("dump", write(stage, "c", template)), /it is a template .*"includes"/);
  const { bundle } = stage.container();
  assertMatch(failure("dump", `${bundle}/config.json`), /\/linux\/seccomp: is missing/);
});
