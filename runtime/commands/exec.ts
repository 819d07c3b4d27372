import {
  booleanFlag,
  type Command,
  type CommandResult,
  type Invocation,
  listFlag,
  numberFlag,
  positional,
  stringFlag,
} from "runtime/base/command.ts";
import { exec, type ExecOptions } from "runtime/lifecycle/exec.ts";
import { EXEC_FLAGS } from "./exec_flags.ts";

/** What callers get for every failure of the runtime itself: the process's own statuses are all others. */
const EXEC_FAILED = 255;

export const command: Command = {
  name: "exec",
  usage: "<container-id> <command> [command options] || -p process.json <container-id>",
  description:
    `Executes another process in the container <container-id>: the command, or the process of a file
as in config.json's "process". What the command line does not say is as in the container's
own config.json. The exit status is that of the process, or 128 and the signal that ended
it; ${EXEC_FAILED} when it could not be executed.`,
  flags: EXEC_FLAGS,
  positionals: { min: 1, max: Number.MAX_SAFE_INTEGER, are: ["container"] },
  examples: [
    { line: "%n exec mine ps -o pid,args", does: 'one more process in "mine"' },
    { line: "%n exec -t mine sh", does: "a shell in a terminal" },
    {
      line: "%n exec -d --pid-file /run/job.pid mine /bin/job",
      does: "leave it running, and note its process id",
    },
  ],
  exitStatus: [
    ["0 to 254", "that of the process; 128 and the signal that ended it"],
    ["255", "it could not be executed, or it ended with 255 itself"],
  ],
  stopAtFirstPositional: true,
  failurePrefix: "exec failed",
  failureExitCode: EXEC_FAILED,
  async run(invocation): Promise<CommandResult> {
    return { exitCode: await exec(invocation.context, optionsOf(invocation)) };
  },
};

function optionsOf(invocation: Invocation): ExecOptions {
  return {
    id: positional(invocation, 0),
    args: argsOf(invocation.positionals),
    processFile: stringFlag(invocation, "process"),
    cwd: stringFlag(invocation, "cwd"),
    env: listFlag(invocation, "env"),
    tty: booleanFlag(invocation, "tty"),
    user: stringFlag(invocation, "user"),
    additionalGids: listFlag(invocation, "additional-gids"),
    capabilities: listFlag(invocation, "cap"),
    noNewPrivileges: booleanFlag(invocation, "no-new-privs"),
    processLabel: stringFlag(invocation, "process-label"),
    apparmor: stringFlag(invocation, "apparmor"),
    detach: booleanFlag(invocation, "detach"),
    consoleSocket: stringFlag(invocation, "console-socket"),
    pidfdSocket: stringFlag(invocation, "pidfd-socket"),
    pidFile: stringFlag(invocation, "pid-file"),
    preserveFds: numberFlag(invocation, "preserve-fds"),
    ignorePaused: booleanFlag(invocation, "ignore-paused"),
    cgroup: listFlag(invocation, "cgroup"),
  };
}

/** The words behind the id; a "--" between them only says that they are no flags. */
function argsOf([, ...args]: readonly string[]): readonly string[] {
  return args[0] === "--" ? args.slice(1) : args;
}
