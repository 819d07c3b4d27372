import { assertEquals } from "@std/assert";
import { signalName, signalNumber, SIGNALS, signalSet } from "syscalls/abi/signal.ts";

Deno.test("a signal has a number with and without SIG, in any case, by its other names too", () => {
  assertEquals(["SIGTERM", "TERM", "sigterm", "Term"].map(signalNumber), [15, 15, 15, 15]);
  assertEquals([signalNumber("IOT"), signalNumber("SIGCLD"), signalNumber("POLL")], [6, 17, 29]);
});

Deno.test("real-time signals count up from SIGRTMIN, 34, and down from SIGRTMAX, 64", () => {
  assertEquals(["SIGRTMIN", "RTMIN+3", "SIGRTMAX", "RTMAX-14"].map(signalNumber), [34, 37, 64, 50]);
  for (const none of ["RTMIN-1", "RTMAX+1", "RTMIN+31", "RTMAX-31", "RTMIN+", "RTMIN3"]) {
    assertEquals(signalNumber(none), undefined, none);
  }
});

Deno.test("what is no signal's name has no number, not even a name that every object has", () => {
  for (const none of ["", "SIG", "NOPE", "constructor", "15", "SIGSIGTERM"]) {
    assertEquals(signalNumber(none), undefined, none);
  }
});

Deno.test("every number from 1 to 64 has a name that leads back to it, but for the two that are glibc's", () => {
  for (const number of Object.values(SIGNALS)) {
    assertEquals(signalNumber(signalName(number)), number);
  }
  for (let number = 34; number <= 64; number++) {
    assertEquals(signalNumber(signalName(number)), number);
  }
  assertEquals([signalName(32), signalName(65)], ["signal 32", "signal 65"]);
});

Deno.test("signal n is bit n-1 of a set", () => {
  assertEquals(signalSet(1, 15, 64), 1n | 1n << 14n | 1n << 63n);
});
