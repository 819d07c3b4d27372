import type { Completion } from "runtime/base/command.ts";
import { type ShellCommand, type ShellFlag, type ShellModel, spellings } from "./model.ts";

/** A completion script for fish(1), version 3.1 or newer. */
export function fishScript(model: ShellModel): string {
  const { program, identifier, commands, globalFlags, signals } = model;
  const stopping = commands.filter((command) => command.stopAtFirstPositional);
  const all = [{ name: "", flags: globalFlags }, ...commands];
  return `# fish completion for ${program}, written by "${program} completion fish"

# Whether a flag ($argv[2]) of a command ($argv[1]; empty for the program) needs a value.
function __%f_needs_value
    switch "$argv[1] $argv[2]"
        case ${all.flatMap(({ name, flags }) => valueCases(name, flags)).join(" ")}
            return 0
    end
    return 1
end

# Whether the first argument of a command ends its flags.
function __%f_stops
    contains -- $argv[1] ${stopping.map(({ name }) => name).join(" ")}
end
${ENGINE}
function __%f_signals
    set -l names ${signals.join(" ")}
    if string match -q 'SIG*' -- (commandline -ct)
        set names SIG$names
    end
    printf '%s\\n' $names
end

complete -c ${program} -e
complete -c ${program} -f
${globalFlags.map((flag) => flagLine(program, "__%f_is ''", flag)).join("\n")}
${commandLines(model, "__%f_is ''").join("\n")}
${commands.flatMap((command) => linesOf(model, command)).join("\n")}
`.replaceAll("%f", identifier);
}

function linesOf(model: ShellModel, command: ShellCommand): string[] {
  const { name, flags, positionals, stopAtFirstPositional } = command;
  const whereFlags = stopAtFirstPositional ? `__%f_is ${name} 0` : `__%f_is ${name}`;
  return [
    ...flags.map((flag) => flagLine(model.program, whereFlags, flag)),
    ...positionals.flatMap((is, index) => positionalLines(model, is, `__%f_is ${name} ${index}`)),
  ];
}

function positionalLines(model: ShellModel, is: Completion, where: string): string[] {
  if (is === "command") return commandLines(model, where);
  if (is === "other") return [];
  const condition = is === "hostCommand" ? where.replace(/ \d+$/, "") : where;
  return [`complete -c ${model.program} -n ${quoted(condition)} ${offer(is)}`];
}

function commandLines({ program, commands }: ShellModel, where: string): string[] {
  return commands.map(({ name, summary }) =>
    `complete -c ${program} -n ${quoted(where)} -a ${name} -d ${quoted(summary)}`
  );
}

function flagLine(program: string, where: string, flag: ShellFlag): string {
  const { name, short, help, value } = flag;
  const letter = short === null ? "" : ` -s ${short}`;
  const argument = value === null ? "" : ` -r ${offer(value.is)}`;
  return `complete -c ${program} -n ${quoted(where)}${letter} -l ${name}${argument} -d ${
    quoted(help)
  }`;
}

function offer(is: Completion): string {
  switch (is) {
    case "container":
      return "-f -a '(__%f_containers)'";
    case "signal":
      return "-f -a '(__%f_signals)'";
    case "file":
      return "-F";
    case "directory":
      return "-f -a '(__fish_complete_directories (commandline -ct))'";
    case "hostCommand":
      return "-f -a '(__%f_host_command)'";
    case "command":
    case "other":
      return "-f";
    default:
      return `-f -a ${quoted(is.join(" "))}`;
  }
}

function valueCases(command: string, flags: readonly ShellFlag[]): string[] {
  return flags.filter(({ value }) => value !== null).flatMap((flag) =>
    spellings(flag).map((spelling) => `'${command} ${spelling}'`)
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (found) => `\\${found}`)}'`;
}

const ENGINE = `
# Reads the words in front of the cursor; prints the command, how many arguments it has so far, the number of the word where they
# begin, and the state root.
function __%f_read
    set -l words (commandline -opc)
    set -l command ''
    set -l count 0
    set -l first (math (count $words) + 1)
    set -l root ''
    set -l ended 0
    set -l flag ''
    set -l index 1
    for word in $words[2..-1]
        set index (math $index + 1)
        if test -n "$flag"
            if test -z "$command"; and string match -qr '^--?root$' -- $flag
                set root $word
            end
            set flag ''
        else if test $ended = 0; and test "$word" = --
            set ended 1
        else if test $ended = 0; and string match -qr '^-.' -- $word
            if test -z "$command"; and string match -qr '^--?root=' -- $word
                set root (string replace -r '^--?root=' '' -- $word)
            else if __%f_needs_value "$command" $word
                set flag $word
            end
        else if test -z "$command"
            set command (string replace -r '^h$' help -- $word)
            set ended 0
        else
            if test $count = 0
                set first $index
            end
            set count (math $count + 1)
            if __%f_stops $command
                set ended 1
            end
        end
    end
    printf '%s\\n' "$command" $count $first "$root"
end

# Whether the command is $argv[1], with so many arguments ($argv[2]) already where that is given.
function __%f_is
    set -l read (__%f_read)
    test "$read[1]" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $read[2] = $argv[2]
end

function __%f_containers
    set -l read (__%f_read)
    set -l words (commandline -opc)
    set -l root
    if test -n "$read[4]"
        set root --root $read[4]
    end
    $words[1] $root list -q 2>/dev/null
end

# Completes the command line of the host that begins with the first argument.
function __%f_host_command
    set -l read (__%f_read)
    set -l words (commandline -opc)
    set -l rest
    if test $read[3] -le (count $words)
        set rest (string escape -- $words[$read[3]..-1])
    end
    complete -C (string join ' ' -- $rest (commandline -ct))
end
`;
