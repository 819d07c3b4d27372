import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { type ShellModel, shellModel } from "./completion/model.ts";
import { zshScript } from "./completion/zsh.ts";

const SCRIPTS: Readonly<Record<string, (model: ShellModel) => string>> = {
  bash: bashScript,
  fish: fishScript,
  zsh: zshScript,
};

export const command: Command = {
  name: "completion",
  usage: "bash|fish|zsh",
  description:
    `Prints a script that teaches a shell to complete the command lines of this program: commands, flags,
containers, signals and paths. It is for the name that the program is called by.`,
  flags: [],
  positionals: { min: 1, max: 1, are: [Object.keys(SCRIPTS)] },
  examples: [
    { line: "source <(%n completion bash)", does: "in ~/.bashrc" },
    { line: "source <(%n completion zsh)", does: "in ~/.zshrc, behind compinit" },
    { line: "%n completion fish | source", does: "in ~/.config/fish/config.fish" },
    {
      line: "%n completion bash > /usr/share/bash-completion/completions/%n",
      does: "for everybody; likewise /usr/share/zsh/site-functions/_%n and " +
        "/usr/share/fish/vendor_completions.d/%n.fish",
    },
  ],
  async run(invocation): Promise<CommandResult> {
    const shell = positional(invocation, 0);
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined) {
      throw new UsageError(
        `Cannot complete for shell "${shell}": it is not one of ${Object.keys(SCRIPTS).join(", ")}`,
      );
    }
    const model = shellModel(invocation.context.programName, await invocation.catalogue());
    return { output: { kind: "text", text: script(model) }, exitCode: 0 };
  },
};
