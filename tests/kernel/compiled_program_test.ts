import { assert, assertEquals } from "@std/assert";
import type { Arch } from "syscalls/abi/arch.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { AF, SOCK } from "syscalls/abi/socket.ts";
import { SIG_HANDLER, sigaction, SIGNALS, signalSet, SIGSET_SIZE } from "syscalls/abi/signal.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { interpret } from "syscalls/native/interpreter.ts";
import { link } from "syscalls/native/link.ts";
import { listProgram } from "syscalls/native/listing.ts";
import type { Program } from "syscalls/native/program.ts";
import { decodeReport, type Report, REPORT_SIZE, TAG_FAILED } from "syscalls/native/report.ts";
import { HarmlessKernel } from "tests/support/harmless_kernel.ts";
import { harmlessProgram, REPORT_FD } from "tests/support/harmless_program.ts";
import { lacksProgram } from "tests/support/requires.ts";
import { inTempDir, inTempDirAsync } from "tests/support/temp_dir.ts";

interface Runner {
  readonly arch: Arch;
  /** What runs the executable where the machine itself cannot. */
  readonly emulator: string | undefined;
  readonly programs: number;
}

const EMULATORS: Readonly<Record<Arch, string>> = {
  x86_64: "qemu-x86_64-static",
  aarch64: "qemu-aarch64-static",
};

function runnerOf(arch: Arch): Runner & { readonly ignore: boolean } {
  if (arch === Deno.build.arch) return { arch, emulator: undefined, programs: 150, ignore: false };
  const emulator = EMULATORS[arch];
  const ignore = lacksProgram(emulator, "apt-get install qemu-user-static");
  return { arch, emulator, programs: 40, ignore };
}

interface Outcome {
  readonly reports: readonly Report[];
  readonly code: number;
  readonly signal: Deno.Signal | null;
}

function writeProgram(program: Program, arch: Arch, folder: string): string {
  const path = `${folder}/program`;
  Deno.writeFileSync(path, link(program, arch), { mode: 0o755 });
  return path;
}

function inFile<T>(program: Program, arch: Arch, use: (path: string) => T): T {
  return inTempDir((folder) => use(writeProgram(program, arch, folder)));
}

function decodeReports(bytes: Uint8Array): readonly Report[] {
  const reports: Report[] = [];
  for (let at = 0; at < bytes.length; at += REPORT_SIZE) {
    reports.push(decodeReport(bytes.subarray(at, at + REPORT_SIZE)));
  }
  return reports;
}

function run(program: Program, { arch, emulator }: Runner): Outcome {
  return inFile(program, arch, (path) => {
    const command = new Deno.Command(emulator ?? path, {
      args: emulator === undefined ? [] : [path],
      cwd: "/",
      stdin: "null",
      stderr: "null",
    });
    const { code, signal, stdout } = command.outputSync();
    return { reports: decodeReports(stdout), code, signal };
  });
}

function expected(program: Program): Outcome {
  const { reports, end } = interpret(program, new HarmlessKernel());
  assert(end.kind === "exited", `the interpreter ended as ${end.kind}`);
  const sent = reports.filter((report) => report.fd === BigInt(REPORT_FD));
  return {
    reports: sent.map(({ tag, step, value }) => ({ tag, step, value })),
    code: end.code,
    signal: null,
  };
}

for (const arch of ["x86_64", "aarch64"] as const) {
  const runner = runnerOf(arch);
  const { ignore, programs } = runner;

  Deno.test({
    name: `random programs do on ${arch} what the interpreter says they do`,
    ignore,
    fn(): void {
      let failures = 0;
      let forks = 0;
      for (let seed = 1; seed <= programs; seed++) {
        const program = harmlessProgram(seed);
        const told = expected(program);
        assertEquals(run(program, runner), told, `seed ${seed}:\n${listProgram(program)}`);
        if (told.reports.some((report) => report.tag === TAG_FAILED)) failures++;
        if (program.instructions.some((instruction) => instruction.kind === "fork")) forks++;
      }
      // Without these the generator would have stopped to test what it is for.
      assert(failures > programs / 10, `only ${failures} programs failed`);
      assert(forks > programs / 10, `only ${forks} programs forked`);
    },
  });

  Deno.test({
    name: `a program on ${arch} that lacks an exit is killed instead of running into other code`,
    ignore,
    fn(): void {
      const b = new ProgramBuilder(REPORT_FD);
      b.step({ label: "nothing", origin: "" });
      b.call("getpid", []);
      const { signal } = run(b.build(), runner);
      assertEquals(signal, arch === "x86_64" ? "SIGILL" : "SIGTRAP");
    },
  });

  Deno.test({
    name: `a signal that a program on ${arch} ends on gives its number to the exit code`,
    ignore,
    fn(): void {
      for (const signal of [SIGNALS.SIGHUP, SIGNALS.SIGTERM]) {
        const { code, reports } = run(signaledProgram(signal), runner);
        assertEquals([code, reports.map(({ tag }) => tag)], [128 + signal, [70]]);
      }
    },
  });
}

/** Sends itself a signal, and would report that it has survived it. */
function signaledProgram(number: number): Program {
  const b = new ProgramBuilder(REPORT_FD);
  const [action, self] = [b.slot(sigaction.size), b.slot()];
  const signal = b.immediate(number);
  b.step({ label: "signal", origin: "" });
  b.call("getpid", [], { into: self });
  b.signalExit(action);
  const size = b.immediate(SIGSET_SIZE);
  b.call("rt_sigaction", [signal, b.addressOf(action), b.immediate(0), size]);
  b.report({ tag: 70, value: b.immediate(0) });
  b.call("kill", [b.value(self), signal]);
  b.report({ tag: 71, value: b.immediate(0) });
  b.exit(0);
  return b.build();
}

/** Reports over a socket pair of its own, in descriptors 3 and 4, and tells over standard output what came out of it. */
function socketProgram(): Program {
  const b = new ProgramBuilder(REPORT_FD);
  const zero = b.immediate(0);
  const [ends, message] = [b.slot(), b.slot(16)];
  const standardOutput = b.immediate(REPORT_FD);
  b.step({ label: "socket", origin: "" });
  // Whoever runs the tests may ignore SIGPIPE, and that is inherited.
  const handler = b.bytes(sigaction.encode({ sa_handler: BigInt(SIG_HANDLER.SIG_DFL) }));
  const signal = b.immediate(SIGNALS.SIGPIPE);
  b.call("rt_sigaction", [signal, handler, zero, b.immediate(SIGSET_SIZE)]);
  // Of the unix sockets only this type raises SIGPIPE.
  const type = b.flags(SOCK, SOCK.of("SOCK_STREAM"));
  b.call("socketpair", [b.immediate(AF.AF_UNIX), type, zero, b.addressOf(ends)]);
  b.report({ tag: 60, value: b.value(ends) });
  b.set(b.reportFd, b.immediate(3));
  b.report({ tag: 61, value: b.immediate(-5) });
  b.call("read", [b.immediate(4), b.addressOf(message), b.immediate(16)]);
  b.call("close", [b.immediate(4)]);
  b.report({ tag: 62, value: zero });
  b.set(b.reportFd, standardOutput);
  b.report({ tag: 63, value: b.value(message) });
  b.report({ tag: 64, value: b.field(message, 8) });
  b.exit(9);
  return b.build();
}

Deno.test("reports go over a socket, and one that has lost its reader kills nobody", () => {
  const arch = Deno.build.arch;
  assertEquals(run(socketProgram(), { arch, emulator: undefined, programs: 1 }), {
    reports: [
      { tag: 60, step: 0, value: 4n << 32n | 3n },
      { tag: 63, step: 0, value: 61n },
      { tag: 64, step: 0, value: -5n },
    ],
    code: 9,
    signal: null,
  });
});

Deno.test("a call that a stop interrupts is made again", async () => {
  const arch = Deno.build.arch;
  const b = new ProgramBuilder(REPORT_FD);
  b.step({ label: "wait", origin: "" });
  b.report({ tag: 50, value: b.immediate(0) });
  const timeout = b.bytes(new Uint8Array(new BigInt64Array([0n, 300_000_000n]).buffer));
  const set = b.bytes(new Uint8Array(new BigUint64Array([signalSet(SIGNALS.SIGURG)]).buffer));
  const size = b.immediate(SIGSET_SIZE);
  // signal(7): this call says EINTR after SIGCONT, handler or not.
  b.call("rt_sigtimedwait", [set, b.immediate(0), timeout, size], { forgive: [ERRNO.EAGAIN] });
  b.report({ tag: 51, value: b.immediate(0) });
  b.exit(0);
  const program = b.build();
  await inTempDirAsync(async (folder) => {
    const path = writeProgram(program, arch, folder);
    const child = new Deno.Command(path, { stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    const first = (await reader.read()).value ?? new Uint8Array();
    assertEquals(decodeReports(first).map((report) => report.tag), [50]);
    await stopAndContinue(child.pid);
    const second = (await reader.read()).value ?? new Uint8Array();
    assertEquals(decodeReports(second), [{ tag: 51, step: 0, value: 0n }]);
    assertEquals((await child.status).code, 0);
  });
});

async function stopAndContinue(pid: number): Promise<void> {
  const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 50));
  await pause();
  Deno.kill(pid, "SIGSTOP");
  await pause();
  Deno.kill(pid, "SIGCONT");
}
