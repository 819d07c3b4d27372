import { assertEquals, assertThrows } from "@std/assert";
import { capabilityNumber, encodeCapabilities } from "syscalls/abi/capability.ts";
import * as aarch64 from "syscalls/abi/numbers/aarch64.ts";
import * as x86_64 from "syscalls/abi/numbers/x86_64.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { encodeUnixAddress } from "syscalls/abi/socket.ts";
import { encodeText } from "syscalls/abi/text.ts";

Deno.test("capset(2) gets the low 32 capabilities first, each half with its three sets", () => {
  const bytes = encodeCapabilities({ effective: 1n << 40n, permitted: 2n, inheritable: 3n << 31n });
  assertEquals([...new Uint32Array(bytes.buffer)], [0, 2, 0x80000000, 256, 0, 1]);
  assertEquals([capabilityNumber("CAP_SYS_ADMIN"), capabilityNumber("CAP_NOPE")], [21, undefined]);
});

Deno.test("a unix address ends in NUL, an abstract one does not, and one too long is refused", () => {
  assertEquals(encodeUnixAddress(encodeText("/a")), Uint8Array.of(1, 0, 0x2f, 0x61, 0));
  assertEquals(encodeUnixAddress(encodeText("\0a")), Uint8Array.of(1, 0, 0, 0x61));
  assertEquals(encodeUnixAddress(new Uint8Array(107).fill(97)).length, 110);
  assertThrows(() => encodeUnixAddress(new Uint8Array(108).fill(97)), RangeError, "108 bytes");
});

Deno.test("combinations of open(2)'s flags are shown by their own names", () => {
  for (const arch of ["x86_64", "aarch64"] as const) {
    const O = openFlags(arch);
    assertEquals(O.text(O.of("O_TMPFILE", "O_SYNC", "O_RDWR")), "O_RDWR|O_SYNC|O_TMPFILE");
    assertEquals(O.text(O.of("O_DIRECTORY", "O_DSYNC")), "O_DSYNC|O_DIRECTORY");
  }
});

Deno.test("calls have the numbers of the kernel's tables, also where a run of numbers has gaps", () => {
  // arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h
  const known = [
    ["read", 0, 63],
    ["clone", 56, 220],
    ["execve", 59, 221],
    ["pivot_root", 155, 41],
    ["newfstatat", 262, 79],
    ["setns", 308, 268],
    ["openat2", 437, 437],
    ["mount_setattr", 442, 442],
  ] as const;
  for (const [name, x86, arm] of known) {
    assertEquals([x86_64.syscallNumber(name), aarch64.syscallNumber(name)], [x86, arm], name);
  }
  const none = "fork" as "read";
  assertThrows(() => x86_64.syscallNumber(none), RangeError, "Cannot number call fork");
});
