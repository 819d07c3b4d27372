import type { Completion } from "runtime/base/command.ts";
import type { ShellCommand, ShellFlag, ShellModel } from "./model.ts";
import { spellings } from "./model.ts";

/** A completion script for bash(1), version 4 or newer, with or without the package bash-completion. */
export function bashScript(model: ShellModel): string {
  const { program, identifier, commands, globalFlags, signals } = model;
  const all: readonly ShellCommand[] = [
    { name: "", summary: "", flags: globalFlags, positionals: [], stopAtFirstPositional: true },
    ...commands,
  ];
  const names = commands.map(({ name }) => name);
  const stopping = commands.filter((command) => command.stopAtFirstPositional);
  return `# bash completion for ${program}, written by "${program} completion bash"

# What stands behind a flag ($2) of a command ($1; empty for the program): sets kind, to nothing where it takes no value.
__%f_flag() {
  kind=
  case "$1 $2" in
${all.flatMap(({ name, flags }) => flagCases(name, flags)).join("\n")}
  esac
}

# Sets flags to those of a command.
__%f_flags() {
  case $1 in
${all.map(({ name, flags }) => `    '${name}') flags='${flagWords(flags)}' ;;`).join("\n")}
    *) flags= ;;
  esac
}

# Sets kind to what the argument number $2, from 0, of a command is.
__%f_argument() {
  kind=
  case "$1 $2" in
${commands.flatMap(argumentCases).join("\n")}
  esac
}

# Whether the first argument of a command ends its flags.
__%f_stops() {
  case $1 in
    ${stopping.map(({ name }) => name).join(" | ")}) return 0 ;;
  esac
  return 1
}

__%f_commands='${names.join(" ")}'
__%f_signals='${signals.join(" ")}'
${ENGINE}
complete -F _%f ${program}
`.replaceAll("%f", identifier);
}

function flagCases(command: string, flags: readonly ShellFlag[]): string[] {
  return flags.flatMap((flag) => {
    if (flag.value === null) return [];
    const patterns = spellings(flag).map((spelling) => `'${command} ${spelling}'`).join(" | ");
    return [`    ${patterns}) kind='${kindWord(flag.value.is)}' ;;`];
  });
}

function argumentCases({ name, positionals }: ShellCommand): string[] {
  return positionals.map((is, index) => {
    // A command line of the host goes on to the end.
    const pattern = is === "hostCommand" ? `'${name} '*` : `'${name} ${index}'`;
    return `    ${pattern}) kind='${kindWord(is)}' ;;`;
  });
}

function kindWord(is: Completion): string {
  return typeof is === "string" ? is : `one of ${is.join(" ")}`;
}

function flagWords(flags: readonly ShellFlag[]): string {
  return flags.flatMap(({ name, short }) => [`--${name}`, ...short === null ? [] : [`-${short}`]])
    .join(" ");
}

const ENGINE = `
# Offers those of the words behind $1 that begin with it.
__%f_offer() {
  local start=$1 word
  shift
  for word; do
    if [[ $word == "$start"* ]]; then COMPREPLY+=("$word"); fi
  done
}

# A word as the shell would pass it on, as far as that can be known without running anything.
__%f_unquote() {
  local text=$1
  case $text in
    '~'/*) text=$HOME\${text:1} ;;
    \\"*\\") text=\${text:1:\${#text}-2} ;;
    \\'*\\') text=\${text:1:\${#text}-2} ;;
  esac
  unquoted=\${text//\\\\/}
}

# Offers what a word of this kind ($1) may be that begins with $2.
__%f_complete() {
  local ids
  case $1 in
    'one of '*) __%f_offer "$2" \${1#one of } ;;
    command) __%f_offer "$2" $__%f_commands ;;
    signal)
      local names=($__%f_signals)
      if [[ $2 == SIG* ]]; then names=("\${names[@]/#/SIG}"); fi
      __%f_offer "$2" "\${names[@]}"
      ;;
    container)
      mapfile -t ids < <("$program" \${root:+--root "$root"} list -q 2>/dev/null)
      __%f_offer "$2" "\${ids[@]}"
      ;;
    file) compopt -o default ;;
    directory) compopt -o dirnames ;;
    hostCommand) __%f_host_command ;;
  esac
}

# Completes the command line of the host that begins with the first argument.
__%f_host_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$first"
  elif ((first == COMP_CWORD)); then
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
  else
    compopt -o default
  fi
}

# Sets words to those up to the cursor, and places to where each begins in COMP_WORDS: readline splits at = and : too.
__%f_words() {
  local line=\${COMP_LINE:0:COMP_POINT} word index
  words=() places=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((index == 0)) || [[ $line == [[:blank:]]* ]]; then
      line=\${line#"\${line%%[![:blank:]]*}"}
      words+=('') places+=("$index")
    fi
    if [[ $line != "$word"* ]]; then word=$line; fi
    line=\${line:\${#word}}
    words[-1]+=$word
  done
}

# Reads the words in front of the cursor: sets command, root, count (of arguments), first (of them), ended, and pending to the
# kind of a value that is due.
__%f_read() {
  local index word
  command= root= count=0 first=$COMP_CWORD ended=0 pending=
  for ((index = 1; index < \${#words[@]} - 1; index++)); do
    word=\${words[index]}
    if ((!ended)) && [[ $word == -?* && $word != -- ]]; then
      if [[ $word == *=* ]]; then
        if [[ -z $command && \${word%%=*} == @(-|--)root ]]; then
          __%f_unquote "\${word#*=}" && root=$unquoted
        fi
        continue
      fi
      __%f_flag "$command" "$word"
      if [[ -z $kind ]]; then continue; fi
      if ((++index == \${#words[@]} - 1)); then pending=$kind; fi
      if [[ -z $command && $word == @(-|--)root ]]; then
        __%f_unquote "\${words[index]}" && root=$unquoted
      fi
    elif ((!ended)) && [[ $word == -- ]]; then
      ended=1
    elif [[ -z $command ]]; then
      command=$word ended=0
      if [[ $command == h ]]; then command=help; fi
    else
      if ((count++ == 0)); then first=\${places[index]}; fi
      if __%f_stops "$command"; then ended=1; fi
    fi
  done
}

_%f() {
  local words places command root count first ended pending kind flags unquoted program current
  local IFS=$' \\t\\n'
  __%f_words
  __%f_read
  __%f_unquote "\${words[0]}"
  program=$unquoted current=\${words[-1]} COMPREPLY=()
  if [[ -n $pending ]]; then
    __%f_complete "$pending" "$current"
  elif ((!ended)) && [[ $current == -*=* ]]; then
    __%f_flag "$command" "\${current%%=*}"
    __%f_complete "$kind" "\${current#*=}"
    # What readline replaces begins behind the = where it splits there.
    if [[ $COMP_WORDBREAKS != *=* ]]; then COMPREPLY=("\${COMPREPLY[@]/#/\${current%%=*}=}"); fi
  elif ((!ended)) && [[ $current == -* ]]; then
    __%f_flags "$command"
    __%f_offer "$current" $flags
  elif [[ -z $command ]]; then
    __%f_complete command "$current"
  else
    __%f_argument "$command" "$count"
    __%f_complete "$kind" "$current"
  fi
}
`;
