import { assertEquals } from "@std/assert";
import { versionText } from "runtime/cli/version.ts";

Deno.test("versionText() has the lines that docker and containerd read, under the name it was called by", () =>
  assertEquals(
    versionText(
      "runc",
      { version: "1.2.3", commit: "abc", link: "embed", entryStub: true },
      "2.9.6",
    ),
    "runc version 1.2.3\ncommit: abc\nspec: 1.3.0\ndeno: 2.9.6\n",
  ));
