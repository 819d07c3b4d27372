import type { Flag } from "runtime/base/command.ts";

/** The flag that every command and the program itself have. */
export const HELP_FLAG: Flag = { name: "help", short: "h", type: "boolean", help: "show help" };

/** The flags in front of the command, or behind it. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "debug", type: "boolean", help: "log debug messages too" },
  {
    name: "log",
    type: "string",
    metavar: "FILE",
    help: "the file that gets the runtime's own messages (default: standard error)",
  },
  {
    name: "log-format",
    type: "string",
    help: 'the form of those messages, "text" or "json"',
    fallback: "text",
    completion: ["text", "json"],
  },
  {
    name: "log-level",
    type: "string",
    help: "the least message to log: error, warning, info or debug (default: info)",
    completion: ["error", "warning", "info", "debug"],
  },
  {
    name: "root",
    type: "string",
    metavar: "DIR",
    help: "the folder that holds the state of the containers; it should be on a tmpfs",
  },
  {
    name: "systemd-cgroup",
    type: "boolean",
    help: 'let systemd make the cgroups; cgroupsPath is then "slice:prefix:name"',
  },
  {
    name: "cgroup-manager",
    type: "string",
    help: "who makes the cgroups: cgroupfs (the runtime itself), systemd, or disabled for none",
    completion: ["cgroupfs", "systemd", "disabled"],
  },
  {
    name: "rootless",
    type: "string",
    help: "whether cgroups that may not be made are left out: true, false, or auto by the caller",
    fallback: "auto",
    completion: ["auto", "true", "false"],
  },
  { name: "criu", type: "string", help: "accepted for old callers and ignored", hidden: true },
  HELP_FLAG,
  { name: "version", short: "v", type: "boolean", help: "print the version" },
];
