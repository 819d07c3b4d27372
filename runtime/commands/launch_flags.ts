import {
  booleanFlag,
  type Flag,
  type Invocation,
  numberFlag,
  positional,
  stringFlag,
} from "runtime/base/command.ts";
import type { CreateOptions } from "runtime/lifecycle/create.ts";

/** Which bundle. */
export const BUNDLE_FLAG: Flag = {
  name: "bundle",
  short: "b",
  type: "string",
  metavar: "DIR",
  help: "the bundle's folder (default: the current one)",
};

/** Which bundle and configuration: the flags of every command that reads them. */
export const BUNDLE_FLAGS: readonly Flag[] = [
  BUNDLE_FLAG,
  {
    name: "config",
    short: "f",
    type: "string",
    metavar: "FILE",
    help: "the configuration in that folder",
    fallback: "config.json",
  },
];

/** Where a terminal's master goes. */
export const CONSOLE_SOCKET_FLAG: Flag = {
  name: "console-socket",
  type: "string",
  metavar: "SOCKET",
  help: "a unix socket that is sent the terminal's master end",
};

/** Where the pid goes. */
export const PID_FILE_FLAG: Flag = {
  name: "pid-file",
  type: "string",
  metavar: "FILE",
  help: "a file to write the process id to",
};

/** How many descriptors are handed on. */
export const PRESERVE_FDS_FLAG: Flag = {
  name: "preserve-fds",
  type: "number",
  metavar: "N",
  help: "hand on N more descriptors behind standard error and $LISTEN_FDS",
  fallback: 0,
};

/** The flags that create and run have in common. */
export const LAUNCH_FLAGS: readonly Flag[] = [
  ...BUNDLE_FLAGS,
  CONSOLE_SOCKET_FLAG,
  {
    name: "pidfd-socket",
    type: "string",
    metavar: "SOCKET",
    help: "a unix socket that is sent a pidfd of the container's init",
  },
  PID_FILE_FLAG,
  {
    name: "no-pivot",
    type: "boolean",
    help: "move the root filesystem instead of pivot_root, for a root on a ramdisk",
  },
  {
    name: "no-new-keyring",
    type: "boolean",
    help: "keep the caller's session keyring",
  },
  PRESERVE_FDS_FLAG,
];

/** Which bundle was asked for; `bundle` is "." for the caller's directory. */
export function bundleOf(invocation: Invocation): { bundle: string; configFile: string } {
  return {
    bundle: stringFlag(invocation, "bundle") ?? ".",
    configFile: stringFlag(invocation, "config") ?? "config.json",
  };
}

/** What the shared flags ask for. Paths are as typed. */
export function createOptions(invocation: Invocation): CreateOptions {
  return {
    id: positional(invocation, 0),
    ...bundleOf(invocation),
    pidFile: stringFlag(invocation, "pid-file"),
    consoleSocket: stringFlag(invocation, "console-socket"),
    pidfdSocket: stringFlag(invocation, "pidfd-socket"),
    noPivot: booleanFlag(invocation, "no-pivot"),
    noNewKeyring: booleanFlag(invocation, "no-new-keyring"),
    preserveFds: numberFlag(invocation, "preserve-fds"),
  };
}
