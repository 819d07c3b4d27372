import type { Completion } from "runtime/base/command.ts";
import type { ShellCommand, ShellFlag, ShellModel } from "./model.ts";

/** A completion script for zsh(1): to be sourced, or put as `_<program>` into a folder of `$fpath`. */
export function zshScript(model: ShellModel): string {
  const { program, identifier, commands, globalFlags, signals } = model;
  return `#compdef ${program}
# zsh completion for ${program}, written by "${program} completion zsh"

_%f_commands() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  _describe -t commands '${program} command' commands
}

_%f_containers() {
  local -a ids=(\${(f)"$(_call_program containers $%f_program $%f_root list -q 2>/dev/null)"})
  _wanted containers expl container compadd -a ids
}

_%f_signals() {
  local -a names=(${signals.join(" ")})
  if [[ $PREFIX == SIG* ]]; then names=(SIG$^names); fi
  _wanted signals expl signal compadd -a names
}

_%f() {
  local curcontext=$curcontext state line expl
  local -a %f_program %f_root
  local -A opt_args
  %f_program=($words[1])
  _arguments -C -S \\
${globalFlags.map((flag) => `    ${flagSpec(flag)} \\\n`).join("")}    '(-)1: :_%f_commands' \\
    '(-)*:: :->arguments' && return
  if [[ $state != arguments ]]; then return 1; fi
  local root=$opt_args[--root]
  if [[ -n $root ]]; then %f_root=(--root \${root//\\\\:/:}); fi
  curcontext=\${curcontext%:*:*}:%f-$words[1]:
  case $words[1] in
${commands.map(commandCase).join("\n")}
  esac
}

if [[ $funcstack[1] == _%f ]]; then
  _%f "$@"
else
  compdef _%f ${program}
fi
`.replaceAll("%f", identifier);
}

function commandCase(command: ShellCommand): string {
  const { name, flags, positionals, stopAtFirstPositional } = command;
  const specs = [
    ...flags.map(flagSpec),
    ...positionals.flatMap((is, index) => positionalSpecs(is, index + 1)),
  ];
  const mode = stopAtFirstPositional ? "-S -A '-*'" : "-S";
  const pattern = name === "help" ? "help | h" : name;
  return `    ${pattern})\n      _arguments ${mode} \\\n${
    specs.map((spec) => `        ${spec}`).join(" \\\n")
  }\n      ;;`;
}

/** One flag in the words of _arguments: `'(-b --bundle)'{-b,--bundle=}'[the folder]:DIR:_files -/'`. */
function flagSpec({ name, short, help, value, repeats }: ShellFlag): string {
  const long = value === null ? `--${name}` : `--${name}=`;
  const argument = value === null ? "" : `:${escaped(value.metavar)}:${action(value.is)}`;
  const rest = quoted(`[${escaped(help)}]${argument}`);
  if (short === null) return `${repeats ? "'*'" : ""}${long}${rest}`;
  return `${repeats ? "'*'" : `'(-${short} --${name})'`}{-${short},${long}}${rest}`;
}

function positionalSpecs(is: Completion, position: number): string[] {
  if (is !== "hostCommand") {
    const title = typeof is === "string" && is !== "other" ? is : "argument";
    return [quoted(`${position}:${title}:${action(is)}`)];
  }
  return [quoted(`(-)${position}:command:_command_names -e`), quoted("*::argument:_normal")];
}

function action(is: Completion): string {
  switch (is) {
    case "container":
      return "_%f_containers";
    case "command":
      return "_%f_commands";
    case "signal":
      return "_%f_signals";
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "hostCommand":
      return "_command_names -e";
    case "other":
      return " ";
    default:
      return `(${is.join(" ")})`;
  }
}

/** What is not to be taken for the end of a part. */
function escaped(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, (found) => `\\${found}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
