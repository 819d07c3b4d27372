import { assertEquals } from "@std/assert";
import { homeIn } from "runtime/host/home.ts";

const PASSWD =
  "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:\nnone:x:5:5:::/bin/sh\nbroken\n";

Deno.test("homeIn() finds the user by number", () => {
  assertEquals([homeIn(PASSWD, 0), homeIn(PASSWD, 1000)], ["/root", "/home/user"]);
});

Deno.test("homeIn() is null for an unknown user and for one without a home", () => {
  assertEquals([homeIn(PASSWD, 7), homeIn(PASSWD, 5), homeIn("", 0)], [null, null, null]);
});
