import { assertEquals, assertStringIncludes } from "@std/assert";
import plugin, { messageFault, strayWords } from "scripts/check_words.ts";

function lint(text: string): string[] {
  return Deno.lint.runPlugin(plugin, "file.ts", text).map(({ id }) => id);
}

Deno.test("a message says what cannot be done, without a period", () => {
  assertEquals(lint('throw new HostError("Cannot mount /proc: EPERM");'), []);
  assertEquals(lint("throw new HostError(`Cannot mount ${path}`);"), []);
  assertEquals(lint('throw new HostError("mount failed");'), ["words/error-form"]);
  assertEquals(lint("throw new HostError(`${path} is bad`);"), ["words/error-form"]);
  assertEquals(lint('throw new Error("Failed: " + why, { cause });'), ["words/error-form"]);
  assertStringIncludes(messageFault("Cannot mount /proc.") ?? "", "no period");
});

Deno.test("a message that is put together elsewhere, or is no error's, is left alone", () => {
  assertEquals(lint("throw new SpecError(file, problems);"), []);
  assertEquals(lint('throw new SyscallError({ verb: "mount" });'), []);
  assertEquals(lint('new Thing("any text.");'), []);
});

Deno.test("texts that callers know from runc keep their form", () => {
  assertEquals(lint('throw new StateError("container does not exist", { cause });'), []);
  assertEquals(lint('throw new StateError("a container does not exist");'), ["words/error-form"]);
});

Deno.test("what is left to do, and paths of one machine, are found", () => {
  const words = ["TO" + "DO", "FIX" + "ME", "/home/" + "ada/src", "/root/" + ".cache"];
  const found = words.map((word) => strayWords(`text ${word} text`).length);
  assertEquals(found, [1, 1, 1, 1]);
  assertEquals(strayWords("/home /root/file TODOS").length, 0);
  assertEquals(lint(`// ${words[0]}: later\n`), ["words/no-stray-words"]);
});
