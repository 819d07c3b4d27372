// Built by build_test.ts in place of the runtime: writes what it sees of itself to the file its first argument names.
import { buildInfo } from "runtime/base/build_info.ts";
import * as AARCH64 from "syscalls/abi/numbers/aarch64.ts";
import * as X86_64 from "syscalls/abi/numbers/x86_64.ts";
import { processInfo } from "runtime/host/process_info.ts";

function threadMasks(): readonly string[] {
  const masks = new Set<string>();
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const status = Deno.readTextFileSync(`/proc/self/task/${name}/status`);
    masks.add(/^SigBlk:\s*(\w+)/m.exec(status)?.[1] ?? "");
  }
  return [...masks];
}

function pending(): string {
  for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGWINCH"] as const) {
    Deno.kill(Deno.pid, signal);
  }
  return /^ShdPnd:\s*(\w+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "";
}

function openFiles(): readonly string[] {
  const links: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      links.push(`${name} ${Deno.readLinkSync(`/proc/self/fd/${name}`)}`);
    } catch {
      // The descriptor that listed the folder is gone.
    }
  }
  return links.sort();
}

/** mmap(2) of no memory at an offset: the last of its six arguments decides whether that is EINVAL. */
function rawMappings(address: bigint): readonly boolean[] {
  const raw = new Deno.UnsafeFnPointer(
    Deno.UnsafePointer.create(address) as Deno.PointerObject<never>,
    { parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
  );
  const { syscallNumber } = Deno.build.arch === "x86_64" ? X86_64 : AARCH64;
  const map = (offset: bigint): bigint =>
    raw.call(BigInt(syscallNumber("mmap")), 0n, 4096n, 0n, 0x22n, -1n, offset);
  return [map(0n) > 0n, map(1n) === -22n];
}

function report(): unknown {
  const info = processInfo();
  const { argv0, argv, nofile, cwd, closedStdio, signalsBlocked } = info;
  return {
    build: buildInfo(),
    argv0,
    argv,
    environ: info.environ(),
    home: info.env("HOME") ?? null,
    nofile: [`${nofile.soft}`, `${nofile.hard}`],
    signalMask: `${info.signalMask?.toString(16)}`,
    ignoredSignals: `${info.ignoredSignals?.toString(16)}`,
    cwd,
    closedStdio,
    signalsBlocked,
    engineArgs: Deno.args,
    engineEnviron: Object.keys(Deno.env.toObject()).sort(),
    engineCwd: Deno.cwd(),
    threadMasks: threadMasks(),
    pending: pending(),
    files: openFiles(),
    rawMappings: rawMappings(info.rawSyscall),
  };
}

// What is imported later waits in the executable as text.
import("./build_probe_late.ts").then(({ finish }) => finish(report()));
