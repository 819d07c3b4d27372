import { buildInfo } from "runtime/base/build_info.ts";
import type { Catalogue, Command, Flag, FlagValues, Output } from "runtime/base/command.ts";
import { ExecuteError, HostError, UsageError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { Logger } from "runtime/base/log.ts";
import { parseTokens } from "./args.ts";
import { commandContext, logOptions, rootIsExplicit } from "./context.ts";
import { GLOBAL_FLAGS, HELP_FLAG } from "./global_flags.ts";
import { commandHelp, programHelp } from "./help.ts";
import { openLog, PLAIN_LOG, tell } from "./log_sink.ts";
import { nearest } from "./nearest.ts";
import { programNameOf } from "./program_name.ts";
import { render } from "./render.ts";
import { type CommandEntry, commandNamed, COMMANDS } from "./table.ts";
import { versionText } from "./version.ts";
import { writeText } from "./write.ts";

/** How far one use of the program has come: decides how a failure is told. */
interface Session {
  readonly programName: string;
  log: Logger;
  /** The log is a file of its own, so that a failure goes to standard error too. */
  logsElsewhere: boolean;
  /** What the sentence of a failure begins with. */
  prefix: string;
  /** The exit status of a failure; null where the failure itself decides. */
  failureExitCode: number | null;
  speaksForProgram: boolean;
}

/**
 * Runs one command line to its end.
 *
 * @param argv0 what the program was called by
 * @param args the words behind it
 * @returns the exit status; nothing is thrown
 */
export async function main(argv0: string, args: readonly string[]): Promise<number> {
  const session: Session = {
    programName: programNameOf(argv0),
    log: openLog(PLAIN_LOG),
    logsElsewhere: false,
    prefix: "",
    failureExitCode: null,
    speaksForProgram: false,
  };
  try {
    return await dispatch(session, args);
  } catch (thrown) {
    const { text, exitCode, stack } = failureOf(thrown);
    if (stack !== null) session.log.log("debug", stack);
    tellFailure(session, thrown, session.prefix + text);
    return session.failureExitCode ?? exitCode;
  }
}

function tellFailure(session: Session, thrown: unknown, sentence: string): void {
  if (session.speaksForProgram && !session.logsElsewhere && thrown instanceof ExecuteError) {
    return tell(`${thrown.words}\n`);
  }
  session.log.log("error", sentence);
  if (session.logsElsewhere) tell(`${sentence}\n`);
}

async function dispatch(session: Session, args: readonly string[]): Promise<number> {
  const { programName } = session;
  const { flags, positionals } = parseTokens(args, {
    flags: GLOBAL_FLAGS,
    stopAtFirstPositional: true,
    help: `${programName} --help`,
  });
  if (flags["version"] === true) {
    return sayText(versionText(programName, buildInfo(), Deno.version.deno));
  }
  const [name, ...tokens] = positionals;
  if (name === undefined || flags["help"] === true) {
    return sayText(programHelp(programName, buildInfo().version));
  }
  useLog(session, flags);
  if (name === "help" || name === "h") return await help(programName, tokens);
  const entry = commandNamed(name);
  if (entry === undefined) throw new UnknownCommand(name, tokens);
  return await runCommand(session, entry, { flags, tokens });
}

async function help(programName: string, [name]: readonly string[]): Promise<number> {
  if (name === undefined || name.startsWith("-")) {
    return sayText(programHelp(programName, buildInfo().version));
  }
  const entry = commandNamed(name);
  if (entry === undefined) throw new UnknownCommand(name, ["--help"]);
  const { command } = await entry.load();
  return sayText(commandHelp(programName, entry.summary, command));
}

async function runCommand(
  session: Session,
  entry: CommandEntry,
  line: { flags: FlagValues; tokens: readonly string[] },
): Promise<number> {
  const { programName } = session;
  const { command } = await entry.load();
  session.speaksForProgram = command.speaksForProgram === true;
  const behind = globalFlagsBehind(command);
  const { flags, positionals } = parseTokens(line.tokens, {
    flags: [...command.flags, HELP_FLAG, ...behind],
    stopAtFirstPositional: command.stopAtFirstPositional === true,
    help: `${programName} ${entry.name} --help`,
  });
  const given = behind.filter(({ name }) => flags[name] !== null && flags[name] !== false);
  const globals = { ...line.flags };
  for (const { name } of given) globals[name] = flags[name] ?? null;
  if (given.length > 0) useLog(session, globals);
  if (flags["help"] === true) return sayText(commandHelp(programName, entry.summary, command));
  checkCount(programName, command, positionals.length);
  // As with runc, a command line that is no command has the status of every other wrong use.
  session.failureExitCode = command.failureExitCode ?? null;
  const context = commandContext(programName, globals, session.log);
  if (command.failurePrefix !== undefined) {
    session.prefix = `${command.failurePrefix.replaceAll("%n", programName)}: `;
  }
  const { output, exitCode } = await command.run({
    context,
    rootIsExplicit: rootIsExplicit(globals),
    flags,
    positionals,
    catalogue,
    say,
  });
  if (output !== undefined) say(output);
  return exitCode;
}

function useLog(session: Session, flags: FlagValues): void {
  const options = logOptions(flags);
  session.log = openLog(options);
  session.logsElsewhere = options.file !== null;
}

/** As with runc since 1.5, the program's flags may stand behind a command too, where it has none of that name. */
function globalFlagsBehind({ flags }: Command): Flag[] {
  return GLOBAL_FLAGS
    .filter(({ name }) => name !== "version" && name !== HELP_FLAG.name)
    .filter(({ name }) => !flags.some((flag) => flag.name === name))
    .map(({ fallback: _, ...flag }) => flag);
}

async function catalogue(): Promise<Catalogue> {
  const entries = COMMANDS.map(async ({ summary, load }) => {
    const { command } = await load();
    return { summary, command };
  });
  return { globalFlags: GLOBAL_FLAGS, helpFlag: HELP_FLAG, entries: await Promise.all(entries) };
}

/** runc's words, which its callers know. */
function checkCount(programName: string, { name, positionals }: Command, count: number): void {
  const { min, max } = positionals;
  if (count >= min && count <= max) return;
  const wanted = min === max
    ? `exactly ${min}`
    : count < min
    ? `a minimum of ${min}`
    : `a maximum of ${max}`;
  throw new UsageError(
    `${programName}: "${name}" requires ${wanted} argument(s); hint: see '${programName} ${name} --help'`,
  );
}

/** 3 is what runc's callers get for a command that it does not have. */
class UnknownCommand extends UsageError {
  override readonly exitCode: number = 3;
  constructor(name: string, tokens: readonly string[]) {
    const near = nearest(name, COMMANDS.map((entry) => entry.name));
    const hint = near === null ? "hint: see --help" : `hint: did you mean "${near}"?`;
    const asksHelp = tokens.includes("-h") || tokens.includes("--help");
    super(
      asksHelp
        ? `No help topic for '${name}'; ${hint}`
        : `Cannot run command "${name}": there is none of that name; ${hint}`,
    );
  }
}

function sayText(text: string): number {
  say({ kind: "text", text });
  return 0;
}

function say(output: Output): boolean {
  try {
    return writeText(Deno.stdout, render(output));
  } catch (cause) {
    throw new HostError(`Cannot write to standard output: ${ioReason(cause)}`, { cause });
  }
}
