import { assertEquals } from "@std/assert";
import { SpecError } from "runtime/base/errors.ts";
import { compileSeccomp } from "runtime/compile/seccomp/compile.ts";
import { dockerProfile, policyOf, type ProfileRule } from "tests/support/seccomp.ts";

const MACHINE = { native: "SCMP_ARCH_X86_64", kernel: [6, 12] } as const;

async function refused(...syscalls: readonly ProfileRule[]): Promise<string[]> {
  const policy = policyOf({ defaultAction: "SCMP_ACT_ALLOW", syscalls });
  const strict = { ...policy, refusesUnknown: true };
  try {
    await compileSeccomp(strict, MACHINE);
    return [];
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.problems.map(({ path, text }) => `${path}: ${text}`);
  }
}

Deno.test("a name that no architecture has is refused where it stands, once", async () => {
  const args = [1, 2].map((value) => ({ index: 0, op: "SCMP_CMP_EQ", value }));
  assertEquals(
    await refused(
      { names: ["mkdir", "mkdirr"], action: "SCMP_ACT_ERRNO" },
      { names: ["opne"], action: "SCMP_ACT_ERRNO", args },
    ),
    [
      '/syscalls/0/names/1: "mkdirr" is no system call of any architecture',
      '/syscalls/1/names/0: "opne" is no system call of any architecture',
    ],
  );
});

Deno.test("calls of other architectures are known, and rules that change nothing not looked at", async () => {
  const policy = policyOf({
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [
      { names: ["mkdir", "s390_pci_mmio_read", "riscv_flush_icache"], action: "SCMP_ACT_ERRNO" },
      { names: ["no_such_call"], action: "SCMP_ACT_ALLOW" },
    ],
  });
  const { instructions } = await compileSeccomp({ ...policy, refusesUnknown: true }, MACHINE);
  assertEquals(instructions, (await compileSeccomp(policy, MACHINE)).instructions);
});

Deno.test("the profile of an engine names no unknown call", async () => {
  const policy = policyOf(dockerProfile());
  await compileSeccomp({ ...policy, refusesUnknown: true }, MACHINE);
});
