import { assertEquals } from "@std/assert";
import { ERRNO, errnoName, errnoText } from "syscalls/abi/errno.ts";

Deno.test("every errno has its name and a text", () => {
  for (const [name, number] of Object.entries(ERRNO)) {
    assertEquals(errnoName(number), name);
    assertEquals(/^[A-Z.]/.test(errnoText(number)), true, `${name}: ${errnoText(number)}`);
  }
  assertEquals(errnoText(ERRNO.ENOENT), "No such file or directory");
  assertEquals(errnoText(ERRNO.EHWPOISON), "Memory page has hardware error");
});

Deno.test("a number without a name says so", () => {
  assertEquals([errnoName(999), errnoText(999)], ["errno 999", "Unknown error 999"]);
  assertEquals(errnoName(41), "errno 41");
});
