import { assertEquals } from "@std/assert";
import { CC, CFLAG, CS8, IFLAG, LFLAG, OFLAG, termios } from "syscalls/abi/terminal.ts";
import { endOfInput, plainNewlines, rawSettings } from "syscalls/libc/terminal.ts";

const NUMBERS = {
  // What a new pseudo terminal has, but for a strange character size and line discipline.
  c_iflag: Number(IFLAG.of("ICRNL", "IXON", "IUTF8", "IMAXBEL", "ISTRIP", "BRKINT")),
  c_oflag: Number(OFLAG.of("OPOST", "ONLCR")),
  c_cflag: 0xf | Number(CFLAG.of("CREAD", "HUPCL", "PARENB")),
  c_lflag: Number(LFLAG.of("ISIG", "ICANON", "ECHO", "ECHOE", "ECHOK", "ECHOCTL", "IEXTEN")),
  c_line: 3,
  c_cc: Uint8Array.from({ length: 19 }, (_, i) => i + 1),
};

const COOKED = { bytes: termios.encode(NUMBERS) };

Deno.test("rawSettings() lets every byte that is typed through, one at a time", () => {
  const { c_iflag, c_cflag, c_lflag, c_line, c_cc } = termios.decode(rawSettings(COOKED).bytes);
  assertEquals(c_iflag, Number(IFLAG.of("IUTF8", "IMAXBEL")));
  assertEquals(c_lflag, Number(LFLAG.of("ECHOE", "ECHOK", "ECHOCTL")));
  assertEquals(c_cflag, 0xf | Number(CFLAG.of("CREAD", "HUPCL")) | Number(CS8));
  assertEquals(c_line, 3);
  const expected = NUMBERS.c_cc.slice();
  expected[CC.VMIN] = 1;
  expected[CC.VTIME] = 0;
  assertEquals(c_cc, expected);
});

Deno.test("rawSettings() leaves output as it is, and processes it", () => {
  assertEquals(termios.decode(rawSettings(COOKED).bytes).c_oflag, NUMBERS.c_oflag);
  const without = { bytes: termios.encode({ ...NUMBERS, c_oflag: Number(OFLAG.of("ONLCR")) }) };
  assertEquals(termios.decode(rawSettings(without).bytes).c_oflag, NUMBERS.c_oflag);
});

Deno.test("rawSettings() of raw settings changes nothing, and the given ones stay as they were", () => {
  const before = COOKED.bytes.slice();
  const raw = rawSettings(COOKED);
  assertEquals(rawSettings(raw), raw);
  assertEquals(COOKED.bytes, before);
});

Deno.test("plainNewlines() takes the carriage return from a newline, and nothing else", () => {
  const { c_oflag, ...rest } = termios.decode(plainNewlines(COOKED).bytes);
  const { c_oflag: _before, ...expected } = NUMBERS;
  assertEquals(c_oflag, Number(OFLAG.of("OPOST")));
  assertEquals(rest, expected);
});

Deno.test("endOfInput() is the character that the terminal was set to", () => {
  assertEquals(endOfInput(COOKED), NUMBERS.c_cc[CC.VEOF]);
});
