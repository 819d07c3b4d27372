import { assert, assertEquals } from "@std/assert";
import { syscallNumber as aarch64 } from "syscalls/abi/numbers/aarch64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { syscallNumber as x86_64 } from "syscalls/abi/numbers/x86_64.ts";
import { SECCOMP_ARCHS } from "runtime/spec/words/seccomp.ts";
import { ALL_TABLES } from "tests/support/seccomp.ts";

const NAMES_FILE = new URL("../../../syscalls/abi/numbers/names.ts", import.meta.url);

function names(): readonly SyscallName[] {
  const text = Deno.readTextFileSync(NAMES_FILE);
  return [...text.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, name]) => name as SyscallName);
}

Deno.test("every architecture of the specification has a table", () => {
  assertEquals(Object.keys(ALL_TABLES).sort(), [...SECCOMP_ARCHS].sort());
  for (const [arch, table] of Object.entries(ALL_TABLES)) {
    assert(Object.keys(table).length > 300, `${arch} has ${Object.keys(table).length} calls`);
  }
});

Deno.test("the tables agree with the numbers that programs are made of", () => {
  assert(names().length > 250, "the names were found");
  for (const name of names()) {
    assertEquals(ALL_TABLES["SCMP_ARCH_X86_64"]?.[name], x86_64(name), name);
    assertEquals(ALL_TABLES["SCMP_ARCH_AARCH64"]?.[name], aarch64(name), name);
  }
});

Deno.test("new calls have one number everywhere, counted from where an architecture's numbers begin", () => {
  for (const [arch, table] of Object.entries(ALL_TABLES)) {
    const base = (table["openat2"] ?? NaN) - 437;
    for (const [name, number] of [["clone3", 435], ["mseal", 462], ["statmount", 457]] as const) {
      // Not every architecture has all of them.
      if (table[name] !== undefined) assertEquals(table[name], base + number, `${arch} ${name}`);
    }
    assert([0, 4000, 5000, 6000, 0x40000000].includes(base), `${arch} begins at ${base}`);
  }
});

Deno.test("well-known numbers of architectures that no kernel here has", () => {
  const wanted = {
    SCMP_ARCH_X86: { read: 3, socketcall: 102, ipc: 117, clone3: 435 },
    SCMP_ARCH_X32: { read: 0x40000000, ioctl: 0x40000000 + 514 },
    SCMP_ARCH_ARM: { read: 3, cacheflush: 0xf0002, set_tls: 0xf0005 },
    SCMP_ARCH_MIPS: { read: 4003, socketcall: 4102 },
    SCMP_ARCH_MIPS64: { read: 5000 },
    SCMP_ARCH_MIPS64N32: { read: 6000 },
    SCMP_ARCH_S390: { read: 3, socketcall: 102, mseal: 462, listns: undefined },
    SCMP_ARCH_S390X: { read: 3, s390_pci_mmio_read: 353 },
    SCMP_ARCH_PPC64LE: { read: 3, swapcontext: 249 },
    SCMP_ARCH_RISCV64: { read: 63, riscv_flush_icache: 259 },
    SCMP_ARCH_PARISC: { read: 3 },
  };
  for (const [arch, calls] of Object.entries(wanted)) {
    for (const [name, number] of Object.entries(calls)) {
      assertEquals(ALL_TABLES[arch]?.[name], number, `${arch} ${name}`);
    }
  }
});
