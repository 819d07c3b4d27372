import { assertEquals, assertMatch } from "@std/assert";
import type { Arch } from "syscalls/abi/arch.ts";
import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { CLONE } from "syscalls/abi/clone.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { MOUNT_ATTR, mountAttr } from "syscalls/abi/mount.ts";
import { AT, openFlags } from "syscalls/abi/open.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";
import { listProgram, listSteps } from "syscalls/native/listing.ts";
import type { Program } from "syscalls/native/program.ts";
import { assertGolden } from "tests/support/golden.ts";
import { encodeHex } from "tests/support/hex.ts";

/** Every kind of instruction, operand and condition once. */
function smallProgram(arch: Arch): Program {
  const b = new ProgramBuilder(5);
  const tree = b.slot();
  const child = b.label();
  const end = b.label();
  const flags = openFlags(arch);
  b.step({ label: "open /data", origin: "/mounts/1" });
  const at = b.immediate(AT_FDCWD, "AT_FDCWD");
  const how = b.flags(flags, flags.of("O_PATH", "O_DIRECTORY", "O_CLOEXEC"));
  b.call("openat", [at, b.cString("/data"), how], { into: tree });
  const attr = mountAttr.encode({ attr_set: MOUNT_ATTR.of("MOUNT_ATTR_RDONLY") });
  const args = [
    b.value(tree, "tree"),
    b.cString(""),
    b.flags(AT, AT.of("AT_EMPTY_PATH")),
    b.bytes(attr, "{attr_set: MOUNT_ATTR_RDONLY}"),
    b.immediate(mountAttr.size),
  ];
  b.call("mount_setattr", args, { forgive: [ERRNO.EINVAL, ERRNO.ENOSYS] });
  b.branch({ when: { kind: "errno", errno: ERRNO.ENOSYS }, to: end });
  b.branch({ of: tree, when: { kind: "equals", value: 0x12345678n }, to: end });
  b.step({ label: "start", origin: "" });
  const pid = b.slot();
  b.fork({ flags: CLONE.of("CLONE_NEWPID"), flagsText: "CLONE_NEWPID", child, into: pid });
  b.report({ tag: 2, value: b.value(pid) });
  const buffer = b.slot(64);
  b.call("read", [b.value(b.reportFd), b.addressOf(buffer), b.immediate(64)], { forgive: "all" });
  const field = { slot: buffer, offset: 8 };
  b.branch({ of: field, when: { kind: "maskedEquals", mask: 0xf000n, value: 0x4000n }, to: end });
  b.branch({ when: { kind: "failed" }, to: end });
  b.set(tree, b.field(buffer, 16));
  b.jump(end);
  b.place(child);
  const argv = b.pointers([b.cString("sh"), b.cString("-c")]);
  b.call("execve", [b.cString("/bin/sh"), argv, b.pointers([])]);
  b.fail(b.immediate(ERRNO.EIO));
  b.place(end);
  b.signalExit(b.slot(32));
  b.writeReports();
  const last = b.label();
  b.branch({ when: { kind: "succeeded" }, to: last });
  b.place(last);
  b.exit(0);
  return b.build();
}

for (const arch of ["x86_64", "aarch64"] as const) {
  Deno.test(`the listing and the ${arch} executable of a small program are as they were`, () => {
    const program = smallProgram(arch);
    const hex = encodeHex(link(program, arch)).replace(/.{1,64}/g, "$&\n");
    assertGolden(`native/small_program.${arch}.txt`, `${listProgram(program)}\n${hex}`);
  });
}

Deno.test("listSteps() gives each step its calls, with arguments and forgiven errnos by name", () => {
  const steps = listSteps(smallProgram("x86_64"));
  assertEquals(steps.map(({ label, origin }) => [label, origin]), [
    ["open /data", "/mounts/1"],
    ["start", ""],
  ]);
  assertEquals(steps[0]?.calls[0], {
    call: "openat",
    args: ["AT_FDCWD", '"/data"', "O_DIRECTORY|O_CLOEXEC|O_PATH"],
    text: 'tree = openat(AT_FDCWD, "/data", O_DIRECTORY|O_CLOEXEC|O_PATH)',
    forgives: [],
  });
  assertEquals(
    steps[0]?.calls[1]?.text,
    'mount_setattr(tree, "", AT_EMPTY_PATH, {attr_set: MOUNT_ATTR_RDONLY}, 32)',
  );
  assertEquals(steps[0]?.calls[1]?.forgives, ["EINVAL", "ENOSYS"]);
  assertEquals(steps[1]?.calls.map(({ call, forgives }) => [call, forgives]), [
    ["clone", []],
    ["read", ["all"]],
    ["execve", []],
  ]);
});

Deno.test("a step that is gone back to has a heading of its own again", () => {
  const b = new ProgramBuilder(1);
  const first = b.step({ label: "first", origin: "" });
  b.call("getpid", []);
  b.step({ label: "second", origin: "" });
  b.call("getpid", []);
  b.call("getppid", [], { step: first });
  b.exit(0);
  assertEquals(listSteps(b.build()).map((step) => step.label), ["first", "second", "first"]);
  assertMatch(listProgram(b.build()), /^first\n[^]*\nsecond\n[^]*\nfirst\n[^]*getppid\(\)/);
});
