import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "runtime/base/errors.ts";
import { parseBind } from "runtime/commands/sandbox.ts";

const resolve = (path: string): string => path.startsWith("/") ? path : `/home/me/${path}`;

Deno.test("parseBind() reads SRC, SRC:DST and SRC:DST:ro", () => {
  const bind = (source: string, destination: string, readonly: boolean): unknown => ({
    source,
    destination,
    readonly,
  });
  assertEquals(parseBind("/a", resolve), bind("/a", "/a", false));
  assertEquals(parseBind("a", resolve), bind("/home/me/a", "/home/me/a", false));
  assertEquals(parseBind("a:/b", resolve), bind("/home/me/a", "/b", false));
  assertEquals(parseBind("/a:/b:ro", resolve), bind("/a", "/b", true));
  assertEquals(parseBind("/a:/b:rw", resolve), bind("/a", "/b", false));
});

Deno.test("parseBind() says what is wrong with another form", () => {
  const why = (text: string): string =>
    assertThrows(() => parseBind(text, resolve), UsageError).message.split(": ")[1]?.split(
      ";",
    )[0] ??
      "";
  assertEquals(why(""), "it is not SRC[:DST[:ro]]");
  assertEquals(why(":/b"), "it is not SRC[:DST[:ro]]");
  assertEquals(why("/a:b"), 'the path in the container, "b", is not absolute');
  assertEquals(why("/a:"), 'the path in the container, "", is not absolute');
  assertEquals(why("/a:/b:rx"), '"rx" is neither ro nor rw');
  assertEquals(why("/a:/b:ro:z"), "it is not SRC[:DST[:ro]]");
});
