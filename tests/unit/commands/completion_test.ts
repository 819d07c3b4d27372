import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bashScript } from "runtime/commands/completion/bash.ts";
import { fishScript } from "runtime/commands/completion/fish.ts";
import { completionOf, shellModel } from "runtime/commands/completion/model.ts";
import { zshScript } from "runtime/commands/completion/zsh.ts";
import { SMALL_CATALOGUE, wholeCatalogue } from "tests/support/catalogue.ts";

const MODEL = shellModel("my-tool", SMALL_CATALOGUE);

Deno.test("shellModel() leaves hidden flags out and adds --help and the help command", () => {
  const [tidy, help] = MODEL.commands;
  assertEquals(tidy?.flags.map(({ name }) => name), ["force", "into", "form", "help"]);
  assertEquals([help?.name, help?.positionals], ["help", ["command"]]);
  assertEquals(MODEL.identifier, "my_tool");
  assert(MODEL.signals.includes("KILL"), "signals go without their SIG");
});

Deno.test("completionOf() goes by what was said, then by the choices, then by the metavar", () => {
  const flag = { name: "x", type: "string", help: "" } as const;
  assertEquals(completionOf({ ...flag, metavar: "FILE", completion: "other" }), "other");
  assertEquals(completionOf({ ...flag, metavar: "FILE", choices: ["a"] }), ["a"]);
  assertEquals(
    ["DIR", "FILE", "SOCKET", "N"].map((metavar) => completionOf({ ...flag, metavar })),
    ["directory", "file", "file", "other"],
  );
});

Deno.test("bashScript() has the flags, their values and the arguments of each command", () => {
  const script = bashScript(MODEL);
  for (
    const line of [
      `    ' --root' | ' -root') kind='directory' ;;`,
      `    'tidy --form' | 'tidy -form') kind='one of a b' ;;`,
      `    'tidy') flags='--force -f --into --form --help -h' ;;`,
      `    'tidy 0') kind='container' ;;`,
      `    'tidy 1') kind='signal' ;;`,
      `    tidy | help) return 0 ;;`,
      `complete -F _my_tool my-tool`,
    ]
  ) assertStringIncludes(script, `\n${line}\n`);
});

Deno.test("zshScript() quotes what _arguments would take for the end of a part", () => {
  const script = zshScript(MODEL);
  for (
    const line of [
      `'(-f --force)'{-f,--force}'[even \\[so\\]\\: now]' \\`,
      `'*'--into='[where it goes]:DIR:_files -/' \\`,
      `--root='[the user'\\''s state]:DIR:_files -/' \\`,
      `'1:container:_my_tool_containers' \\`,
      `'2:signal:_my_tool_signals'`,
    ]
  ) assertStringIncludes(script, `${line}\n`);
  assert(script.startsWith("#compdef my-tool\n"), "the first line is for $fpath");
});

Deno.test("fishScript() tells flags of a command from arguments behind them", () => {
  const script = fishScript(MODEL);
  for (
    const line of [
      `complete -c my-tool -n '__my_tool_is tidy 0' -s f -l force -d 'even [so]: now'`,
      `complete -c my-tool -n '__my_tool_is \\'\\'' -l root -r -f -a ` +
      `'(__fish_complete_directories (commandline -ct))' -d 'the user\\'s state'`,
      `complete -c my-tool -n '__my_tool_is tidy 1' -f -a '(__my_tool_signals)'`,
      `complete -c my-tool -n '__my_tool_is \\'\\'' -a tidy -d 'tidy up'`,
    ]
  ) assertStringIncludes(script, `\n${line}\n`);
});

Deno.test("every script knows every command and flag that the help shows", async () => {
  const catalogue = await wholeCatalogue();
  const model = shellModel("ocirt", catalogue);
  const [bash, fish, zsh] = [bashScript(model), fishScript(model), zshScript(model)];
  for (const { name, flags } of model.commands) {
    assertStringIncludes(fish, ` -a ${name} `);
    for (const flag of flags) {
      assert(new RegExp(`'${name}'\\) flags='.*--${flag.name}\\b`).test(bash), flag.name);
      assert(new RegExp(`is ${name}(?: 0)?'.* -l ${flag.name} `).test(fish), flag.name);
      assertStringIncludes(zsh, `--${flag.name}`);
    }
  }
  for (const script of [bash, fish, zsh]) assert(!script.includes("%f"), "all names are filled in");
});
