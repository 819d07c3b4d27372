import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "runtime/cli/table.ts";

Deno.test("the table's names are those of the commands behind them, each once", async () => {
  for (const { name, load } of COMMANDS) assertEquals((await load()).command.name, name);
  assertEquals(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length);
});

Deno.test("no command has two flags of one name, nor one that hides --help", async () => {
  for (const { name, load } of COMMANDS) {
    const { flags } = (await load()).command;
    const names = ["help", "h", ...flags.flatMap((flag) => [flag.name, flag.short ?? []].flat())];
    assertEquals(new Set(names).size, names.length, name);
  }
});

Deno.test("a flag's fallback is of its type and among its choices", async () => {
  for (const { name, load } of COMMANDS) {
    for (const { name: flag, type, fallback, choices } of (await load()).command.flags) {
      if (fallback === undefined) continue;
      assertEquals(typeof fallback, type, `${name} --${flag}`);
      assert(choices?.includes(String(fallback)) ?? true, `${name} --${flag}`);
    }
  }
});

Deno.test("every command has an example, which begins with its name, and ends no phrase with a period", async () => {
  for (const { name, load } of COMMANDS) {
    const { examples, exitStatus } = (await load()).command;
    assert(
      examples.some(({ line }) => line.includes(`%n ${name}`) || line.includes(` ${name} `)),
      name,
    );
    const phrases = [...examples.map(({ does }) => does), ...(exitStatus ?? []).flat()];
    assertEquals(phrases.filter((text) => text.endsWith(".")), [], name);
  }
});

Deno.test("what arguments are is said of no more than a command takes", async () => {
  for (const { name, load } of COMMANDS) {
    const { min, max, are } = (await load()).command.positionals;
    assert(are.length <= max && (are.length > 0 || min === 0), name);
  }
});
