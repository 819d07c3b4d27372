import { assertEquals } from "@std/assert";
import { ownerName, userNames } from "runtime/commands/user_names.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/bash
toor:x:0:0::/root:/bin/sh
# a comment
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
:x:5:5:::
broken:x::7
half
`;

Deno.test("ownerName() is the first name that passwd has for a uid, else # and the number", () => {
  const names = userNames(PASSWD);
  assertEquals(ownerName(0, names), "root");
  assertEquals(ownerName(1, names), "daemon");
  assertEquals(ownerName(5, names), "#5");
  assertEquals(ownerName(1000, userNames("")), "#1000");
});

Deno.test("userNames() takes no uid from a line without one", () =>
  assertEquals([...userNames(PASSWD)], [[0, "root"], [1, "daemon"]]));
