import { assertEquals } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { makedev } from "syscalls/abi/kernel_stat.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { interpret, type Interpretation, type Memory } from "syscalls/native/interpreter.ts";
import { listProgram } from "syscalls/native/listing.ts";
import { lowerIdentity } from "runtime/compile/init/lower_identity.ts";
import { lowerProcess } from "runtime/compile/init/lower_process.ts";
import { lowerScheduling } from "runtime/compile/init/lower_scheduling.ts";
import { type Lowering, newLowering } from "runtime/compile/init/lowering.ts";
import { TAG } from "runtime/plan/protocol.ts";

const DESCRIPTORS = {
  sync: 20,
  gate: 21,
  outcome: 22,
  target: null,
  stdio: null,
  notify: null,
  cgroup: null,
  namespaces: [],
};

type Answer = (name: SyscallName, args: readonly bigint[], memory: Memory) => bigint;

/** Compiles one step, and runs it on a kernel that answers like this. */
function run(lower: (low: Lowering) => void, answer: Answer): Interpretation {
  const builder = new ProgramBuilder(DESCRIPTORS.sync);
  const low = newLowering(builder, "x86_64", DESCRIPTORS, 200);
  builder.step({ label: "do it", origin: "" });
  lower(low);
  builder.exit(0);
  return interpret(builder.build(), { syscall: answer });
}

function listing(lower: (low: Lowering) => void): string {
  const builder = new ProgramBuilder(DESCRIPTORS.sync);
  builder.step({ label: "do it", origin: "" });
  lower(newLowering(builder, "x86_64", DESCRIPTORS, 200));
  return listProgram(builder.build());
}

function calls({ trace }: Interpretation): unknown[] {
  return trace.map(({ call, args }) => [call, ...args.map((arg) => BigInt.asIntN(64, arg))]);
}

const KEYRING = { kind: "joinSessionKeyring", name: "_ses.c1", searchableBy: "user" } as const;

Deno.test("a new session keyring gets the kernel's permissions and the right to search", () => {
  const done = run((low) => lowerProcess(low, KEYRING), (name) => name === "keyctl" ? 77n : 0n);
  assertEquals(calls(done).slice(1), [["keyctl", 5n, -3n, 0x3f1b0000n]]);
  assertEquals(done.reports, []);
});

Deno.test("a kernel without keyrings is a warning, any other refusal is a failure", () => {
  const refused = (errno: number): Interpretation =>
    run((low) => lowerProcess(low, KEYRING), () => BigInt(-errno));
  const none = refused(ERRNO.ENOSYS);
  assertEquals(none.reports.map(({ tag, value }) => [tag, value]), [
    [TAG.warning, BigInt(-ERRNO.ENOSYS)],
  ]);
  assertEquals([none.trace.length, none.end], [1, { kind: "exited", code: 0 }]);
  assertEquals(refused(ERRNO.EDQUOT).end, { kind: "exited", code: 1 });
});

Deno.test("the process of exec takes the keyring's permissions as they are", () => {
  const step = { ...KEYRING, searchableBy: null };
  assertEquals(run((low) => lowerProcess(low, step), () => 77n).trace.length, 1);
});

/** Descriptors with this owner and device number; closed ones are null. */
function statsOf(files: readonly (readonly [uid: number, device: bigint] | null)[]): Answer {
  return (name, args, memory) => {
    if (name !== "newfstatat") return 0n;
    const file = files[Number(args[0])] ?? null;
    if (file === null) return BigInt(-ERRNO.EBADF);
    const [uid, device] = file;
    const address = args[2] ?? 0n;
    memory.write(address + 24n, new Uint8Array(Uint32Array.of(0o20600, uid).buffer));
    memory.write(address + 40n, new Uint8Array(BigUint64Array.of(device).buffer));
    return 0n;
  };
}

function chowned(uid: number, answer: Answer): unknown[] {
  const done = run((low) => lowerIdentity(low, { kind: "ownStdio", uid }), answer);
  assertEquals(done.end, { kind: "exited", code: 0 });
  return calls(done).filter((call) => Array.isArray(call) && call[0] === "fchown");
}

Deno.test("stdio that is another's becomes the user's, with the group that it has", () => {
  const terminal = makedev(136, 3);
  assertEquals(chowned(1000, statsOf([[0, terminal], [1000, terminal], [5, 0n]])), [
    ["fchown", 0n, 1000n, -1n],
    ["fchown", 2n, 1000n, -1n],
  ]);
  const large = 0xffff_fff0;
  assertEquals(chowned(large, statsOf([[large, 0n], null, [0, 0n]])), [
    ["fchown", 2n, BigInt(large), -1n],
  ]);
});

Deno.test("/dev/null is never given away, and a refusal stops nothing", () => {
  const nothing = makedev(1, 3);
  assertEquals(chowned(1000, statsOf([[0, nothing], [0, nothing], null])), []);
  const stats = statsOf([[0, 0n], [0, 0n], [0, 0n]]);
  const refusing: Answer = (name, args, memory) =>
    name === "fchown" ? BigInt(-ERRNO.EROFS) : stats(name, args, memory);
  assertEquals(chowned(1000, refusing).length, 3);
});

Deno.test("affinity is set by mask; a reset that fails is a warning", () => {
  const cpus = { ids: new Set([0, 1, 64]), text: "0-1,64" };
  assertEquals(
    listing((low) => lowerScheduling(low, { kind: "setCpuAffinity", cpus })).trim().split("\n").at(
      -1,
    )
      ?.trim(),
    "sched_setaffinity(0, 16, [0-1,64])",
  );
  const reset = run(
    (low) => lowerScheduling(low, { kind: "setCpuAffinity", cpus: "all" }),
    () => BigInt(-ERRNO.EINVAL),
  );
  assertEquals(reset.reports.map(({ tag }) => tag), [TAG.warning]);
  assertEquals(reset.end, { kind: "exited", code: 0 });
});

Deno.test("the last node of a memory policy counts", () => {
  const nodes = { ids: new Set([63]), text: "63" };
  const policy = { mode: "MPOL_BIND", flags: [], nodes } as const;
  const done = run((low) => lowerScheduling(low, { kind: "setMemoryPolicy", policy }), () => 0n);
  assertEquals(done.trace[0]?.args[2], 65n);
});
