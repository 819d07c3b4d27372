import type { Flag } from "runtime/base/command.ts";
import { CONSOLE_SOCKET_FLAG, PID_FILE_FLAG, PRESERVE_FDS_FLAG } from "./launch_flags.ts";

/** The flags of exec. */
export const EXEC_FLAGS: readonly Flag[] = [
  CONSOLE_SOCKET_FLAG,
  {
    name: "pidfd-socket",
    type: "string",
    metavar: "SOCKET",
    help: "a unix socket that is sent a pidfd of the process",
  },
  {
    name: "cwd",
    type: "string",
    metavar: "PATH",
    help: "the process's working directory in the container",
  },
  {
    name: "env",
    short: "e",
    type: "list",
    metavar: "KEY=VALUE",
    help: "one more variable of the process's environment",
  },
  { name: "tty", short: "t", type: "boolean", help: "give the process a terminal" },
  {
    name: "user",
    short: "u",
    type: "string",
    metavar: "UID[:GID]",
    help: "the process's user and group, in numbers",
  },
  {
    name: "additional-gids",
    short: "g",
    type: "list",
    metavar: "GID",
    help: "one more group of the process",
  },
  {
    name: "process",
    short: "p",
    type: "string",
    metavar: "FILE",
    help: "the whole process, as in config.json; other flags of the process are ignored then",
  },
  { name: "detach", short: "d", type: "boolean", help: "return once the process is executed" },
  PID_FILE_FLAG,
  {
    name: "process-label",
    type: "string",
    metavar: "LABEL",
    help: "the process's SELinux label",
  },
  { name: "apparmor", type: "string", metavar: "PROFILE", help: "the process's AppArmor profile" },
  { name: "no-new-privs", type: "boolean", help: "the process can gain no privileges" },
  {
    name: "cap",
    short: "c",
    type: "list",
    metavar: "CAPABILITY",
    help: "one more capability of the process",
  },
  // Sockets of a service manager are for a container's own process, as runc has it.
  { ...PRESERVE_FDS_FLAG, help: "hand on N more descriptors behind standard error" },
  {
    name: "cgroup",
    type: "list",
    metavar: "[CONTROLLERS:]PATH",
    help: "a cgroup below the container's to run the process in",
  },
  { name: "ignore-paused", type: "boolean", help: "execute in a paused container too" },
];
