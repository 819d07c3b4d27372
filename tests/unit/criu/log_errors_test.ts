import { assertEquals } from "@std/assert";
import { logErrors, spokenErrors } from "runtime/criu/log_errors.ts";

Deno.test("logErrors() gives the words of the last errors, without times, places and empty phrases", () => {
  const log = `(00.032462) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self
(00.137721) net: Lock network
Error (criu/util.c:642): execvp("iptables-restore", ...) failed: No such file or directory
(00.142263) Error (criu/util.c:657): exited, status=1
(00.142612) Error (criu/net.c:3436): net: Locking network failed
(00.142613) Error (criu/net.c:3436): net: Locking network failed
(00.146414) Error (criu/cr-dump.c:1975): Dumping FAILED.
`;
  assertEquals(logErrors(log), [
    'execvp("iptables-restore", ...) failed: No such file or directory',
    "net: Locking network failed",
  ]);
});

Deno.test("logErrors() reads the lines of restored processes, and keeps three at most", () => {
  const log = `(00.1) Error (criu/a.c:1): one
(00.2)      7: Error (criu/b.c:2): two
(00.3) pie: 1: Error (criu/pie/c.c:3): three
(00.4) Error (criu/d.c:4): four
`;
  assertEquals(logErrors(log), ["two", "three", "four"]);
});

Deno.test("logErrors() gives nothing where nothing went wrong", () => {
  assertEquals(logErrors("(00.1) Warn  (criu/a.c:1): careful\n"), []);
});

Deno.test("spokenErrors() gives CRIU's errors, or else the last line of another program, and no empty phrase", () => {
  const linker = "criu: error while loading shared libraries: libnet.so.1: cannot open";
  const table = [
    ["Warn  (criu/a.c:1): careful\nError (criu/b.c:2): the reason\n", ["the reason"]],
    [`Warn  (criu/a.c:1): careful\n${linker}\n`, [linker]],
    ["Error (criu/util.c:642): exited, status=1\n", []],
    ["", []],
  ] as const;
  for (const [said, errors] of table) assertEquals(spokenErrors(said), [...errors]);
});
