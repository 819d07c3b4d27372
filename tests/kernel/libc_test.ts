import { assert, assertEquals, assertThrows } from "@std/assert";
import { fd, mode, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SIGNALS, signalSet } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { bestEffort, rawCall } from "syscalls/libc/call.ts";
import {
  fileStat,
  flock,
  makeFifo,
  memfd,
  openBeneath,
  openFile,
  openInRoot,
  readAll,
  removeDirectory,
  setInheritable,
  writeAll,
} from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { blockSignals, poll, readSignal, signalFd } from "syscalls/libc/poll.ts";
import {
  openPidfd,
  reapAny,
  setChildSubreaper,
  setLimit,
  signalPidfd,
  spawn,
  waitPid,
} from "syscalls/libc/process.ts";
import { receive, send, socketPair } from "syscalls/libc/sockets.ts";
import { inTempDir } from "tests/support/temp_dir.ts";

const O = openFlags(hostArch());

function errnoOf(action: () => unknown): number {
  return assertThrows(action, SyscallError).errno;
}

Deno.test("rawCall() gives the result, or the negative errno", () => {
  assertEquals(rawCall("getpid"), Deno.pid);
  assertEquals(rawCall("close", 100_000), -ERRNO.EBADF);
});

Deno.test("openFile() names the path and the errno, and a NUL in a path is refused", () => {
  const error = assertThrows(() => openFile("/nowhere/x", O.of("O_RDONLY")), SyscallError);
  assertEquals(
    error.message,
    'Cannot open "/nowhere/x": ENOENT (No such file or directory)',
  );
  assertThrows(() => openFile("/a\0b", O.of("O_RDONLY")), RangeError, "NUL");
});

Deno.test("a file is written, read back and closed at the end of its scope", () => {
  inTempDir((dir) => {
    const bytes = new Uint8Array(10_000).map((_, i) => i % 251);
    let number: number;
    {
      using file = openFile(`${dir}/f`, O.of("O_RDWR", "O_CREAT"), mode(0o640));
      number = file.fd;
      writeAll(file.fd, bytes);
      rawCall("lseek", file.fd, 0, 0);
      assertEquals(readAll(file.fd, 10_000), bytes);
      rawCall("lseek", file.fd, 0, 0);
      assertEquals(errnoOf(() => readAll(file.fd, 9_999)), ERRNO.EFBIG);
      assertEquals(fileStat(file.fd).mode, 0o100640);
      assertEquals(fileStat(file.fd).ino, BigInt(Deno.statSync(`${dir}/f`).ino ?? 0));
    }
    assertEquals(rawCall("close", number), -ERRNO.EBADF);
  });
});

Deno.test("a descriptor that was handed over stays open and cannot be used through its old owner", () => {
  const owner = openFile("/dev/null", O.of("O_RDONLY"));
  const taken = owner.release();
  owner[Symbol.dispose]();
  assertThrows(() => owner.fd, Error, "handed over");
  assertEquals(rawCall("close", taken), 0);
});

Deno.test("openInRoot() keeps symlinks inside, openBeneath() refuses those that leave", () => {
  inTempDir((dir) => {
    Deno.mkdirSync(`${dir}/etc`);
    Deno.writeTextFileSync(`${dir}/etc/passwd`, "inside");
    Deno.symlinkSync("/etc/passwd", `${dir}/link`);
    using root = openFile(dir, O.of("O_PATH", "O_DIRECTORY"));
    using file = openInRoot(root.fd, "../../link", O.of("O_RDONLY"));
    assertEquals(readAll(file.fd, 100), encodeText("inside"));
    assertEquals(errnoOf(() => openBeneath(root.fd, "link", O.of("O_RDONLY"))), ERRNO.EXDEV);
  });
});

Deno.test("flock() tells when another holds the lock, until that one is closed", () => {
  inTempDir((dir) => {
    using second = openFile(dir, O.of("O_RDONLY", "O_DIRECTORY"));
    {
      using first = openFile(dir, O.of("O_RDONLY", "O_DIRECTORY"));
      assertEquals(flock(first.fd, "exclusive", false), true);
      assertEquals(flock(second.fd, "exclusive", false), false);
    }
    assertEquals(flock(second.fd, "exclusive", true), true);
  });
});

Deno.test("makeFifo() sets its permissions whatever the umask, removeDirectory() removes empty ones", () => {
  inTempDir((dir) => {
    makeFifo(`${dir}/fifo`, mode(0o622));
    assertEquals(Deno.lstatSync(`${dir}/fifo`).mode, 0o010622);
    assertEquals(errnoOf(() => makeFifo(`${dir}/fifo`, mode(0o622))), ERRNO.EEXIST);
    Deno.mkdirSync(`${dir}/d`);
    removeDirectory(`${dir}/d`);
    assertEquals(errnoOf(() => removeDirectory(dir)), ERRNO.ENOTEMPTY);
  });
});

Deno.test("a memory file runs, and cannot be written to any more", () => {
  using image = memfd("true", Deno.readFileSync("/bin/true"));
  assertEquals(rawCall("ftruncate", image.fd, 0), -ERRNO.EPERM);
  assertEquals(errnoOf(() => writeAll(image.fd, new Uint8Array(1))), ERRNO.EPERM);
  const child = spawn({
    executable: `/proc/self/fd/${image.fd}`,
    argv: ["true"],
    environ: [],
  });
  assertEquals(waitPid(child, { block: true }), { kind: "exited", code: 0 });
});

Deno.test("spawn() hands over argv and environ exactly, and reports what execve said", () => {
  const child = spawn({
    executable: "/bin/sh",
    argv: ["sh", "-c", 'test "$1" = "a b" && test "$V" = "\u00fc" && exit 7', "x", "a b"],
    environ: ["V=\u00fc"],
  });
  assertEquals(waitPid(child, { block: true }), { kind: "exited", code: 7 });
  assertEquals(errnoOf(() => waitPid(child, { block: false })), ERRNO.ECHILD);
  const missing = { executable: "/nowhere", argv: ["x"], environ: [] };
  assertEquals(errnoOf(() => spawn(missing)), ERRNO.ENOENT);
});

Deno.test("a child is signalled through its pidfd, and its end can be polled for", () => {
  const child = spawn({ executable: "/bin/sleep", argv: ["sleep", "60"], environ: [] });
  using pidfd = openPidfd(child);
  assertEquals(waitPid(child, { block: false }), null);
  const entry = { fd: pidfd.fd, events: Number(POLL.of("POLLIN")) };
  assertEquals(poll([entry], 10), [0]);
  signalPidfd(pidfd.fd, SIGNALS.SIGKILL);
  assertEquals(poll([entry], 10_000), [Number(POLL.of("POLLIN"))]);
  const status = waitPid(child, { block: true });
  assertEquals(status, { kind: "signaled", signal: SIGNALS.SIGKILL, core: false });
  assertEquals(errnoOf(() => signalPidfd(pidfd.fd, 0)), ERRNO.ESRCH);
});

Deno.test("setLimit() sets soft and hard limit of another process", () => {
  const child = spawn({ executable: "/bin/sleep", argv: ["sleep", "60"], environ: [] });
  using pidfd = openPidfd(child);
  try {
    setLimit(child, "RLIMIT_NOFILE", 100n, 200n);
    const limits = Deno.readTextFileSync(`/proc/${child}/limits`);
    assert(/^Max open files\s+100\s+200\s/m.test(limits), limits);
  } finally {
    signalPidfd(pidfd.fd, SIGNALS.SIGKILL);
    waitPid(child, { block: true });
  }
});

Deno.test("messages of a socket pair stay apart, and the end reads as 0", () => {
  const [left, right] = socketPair();
  using reader = right;
  {
    using writer = left;
    send(writer.fd, encodeText("one"));
    send(writer.fd, encodeText("three"));
  }
  const space = new Uint8Array(16);
  assertEquals(receive(reader.fd, space), 3);
  assertEquals(receive(reader.fd, space), 5);
  assertEquals(space.subarray(0, 5), encodeText("three"));
  assertEquals(receive(reader.fd, space), 0);
  assertEquals(errnoOf(() => send(reader.fd, space)), ERRNO.EPIPE);
});

Deno.test("a signalfd without a pending signal gives null", () => {
  using signals = signalFd(signalSet(SIGNALS.SIGUSR2));
  assertEquals(readSignal(signals.fd), null);
});

Deno.test("poll() says which descriptor is ready, and which is none", () => {
  const [left, right] = socketPair();
  using a = left;
  using b = right;
  send(a.fd, encodeText("x"));
  const events = Number(POLL.of("POLLIN"));
  const ready = poll([{ fd: a.fd, events }, { fd: b.fd, events }, { fd: fd(99_999), events }], -1);
  assertEquals(ready, [0, events, Number(POLL.of("POLLNVAL"))]);
});

Deno.test("bestEffort() swallows kernel failures and nothing else", () => {
  assertEquals(bestEffort("nothing depends on it", () => openPidfd(pid(2 ** 22 + 1))), null);
  assertThrows(() =>
    bestEffort("nothing depends on it", () => {
      throw new TypeError("a mistake");
    }), TypeError);
});

Deno.test("a blocked signal is read from the signalfd with its sender", () => {
  const mask = signalSet(SIGNALS.SIGUSR2);
  blockSignals(mask);
  assertEquals(blockSignals(0n) & mask, mask);
  using signals = signalFd(mask);
  assertEquals(rawCall("tgkill", Deno.pid, rawCall("gettid"), SIGNALS.SIGUSR2), 0);
  const events = Number(POLL.of("POLLIN"));
  assertEquals(poll([{ fd: signals.fd, events }], 10_000), [events]);
  const { signal, pid: sender } = readSignal(signals.fd) ?? {};
  assertEquals([signal, Number(sender)], [SIGNALS.SIGUSR2, Deno.pid]);
  assertEquals(readSignal(signals.fd), null);
});

Deno.test("a child inherits the descriptors that were made inheritable, and no others", () => {
  using kept = openFile("/dev/null", O.of("O_RDONLY"));
  using closed = openFile("/dev/null", O.of("O_RDONLY"));
  setInheritable(kept.fd);
  const script = `test -e /proc/self/fd/${kept.fd} && ! test -e /proc/self/fd/${closed.fd}`;
  const child = spawn({ executable: "/bin/sh", argv: ["sh", "-c", script], environ: [] });
  assertEquals(waitPid(child, { block: true }), { kind: "exited", code: 0 });
});

Deno.test("a subreaper reaps the orphans of its children, whoever they are", () => {
  setChildSubreaper();
  const script = "(sleep 0.05; exit 9) & exit 8";
  const child = spawn({
    executable: "/bin/sh",
    argv: ["sh", "-c", script],
    environ: ["PATH=/usr/bin:/bin"],
  });
  assertEquals(waitPid(child, { block: true }), { kind: "exited", code: 8 });
  const deadline = performance.now() + 10_000;
  let reaped = reapAny();
  while (reaped === null && performance.now() < deadline) {
    poll([], 5);
    reaped = reapAny();
  }
  assertEquals(reaped?.status, { kind: "exited", code: 9 });
  assertEquals(reapAny(), null);
});
