import type { Command } from "runtime/base/command.ts";

/** A command's name and what the list of commands says of it. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Evaluates the command's file, which no other command pays for. */
  load(): Promise<{ readonly command: Command }>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "checkpoint",
    summary: "write a running container into image files",
    load: () => import("runtime/commands/checkpoint.ts"),
  },
  {
    name: "completion",
    summary: "print a script by which a shell completes command lines",
    load: () => import("runtime/commands/completion.ts"),
  },
  {
    name: "create",
    summary: "create a container",
    load: () => import("runtime/commands/create.ts"),
  },
  {
    name: "delete",
    summary: "delete what is left of a container, or with --force the container itself",
    load: () => import("runtime/commands/delete.ts"),
  },
  {
    name: "events",
    summary: "show what a container uses, again and again, and when it runs out of memory",
    load: () => import("runtime/commands/events.ts"),
  },
  {
    name: "exec",
    summary: "execute another process in a container",
    load: () => import("runtime/commands/exec.ts"),
  },
  {
    name: "explain",
    summary: "show the steps that create would take, without taking any",
    load: () => import("runtime/commands/explain.ts"),
  },
  {
    name: "features",
    summary: "show what this runtime can do, as JSON",
    load: () => import("runtime/commands/features.ts"),
  },
  {
    name: "info",
    summary: "show what this host can and cannot do for containers, and why",
    load: () => import("runtime/commands/info.ts"),
  },
  {
    name: "kill",
    summary: "send a signal (default: SIGTERM) to the container's init process",
    load: () => import("runtime/commands/kill.ts"),
  },
  {
    name: "list",
    summary: "list the containers of the state root",
    load: () => import("runtime/commands/list.ts"),
  },
  {
    name: "man",
    summary: "print a manual page, or write all of them",
    load: () => import("runtime/commands/man.ts"),
  },
  {
    name: "mounts",
    summary: "add, remove or list the mounts of a container that runs",
    load: () => import("runtime/commands/mounts.ts"),
  },
  {
    name: "pause",
    summary: "suspend all processes inside a container",
    load: () => import("runtime/commands/pause.ts"),
  },
  {
    name: "ps",
    summary: "display the processes inside a container",
    load: () => import("runtime/commands/ps.ts"),
  },
  {
    name: "restore",
    summary: "let a container go on from the image files of a checkpoint",
    load: () => import("runtime/commands/restore.ts"),
  },
  {
    name: "resume",
    summary: "resume all processes that have been suspended",
    load: () => import("runtime/commands/resume.ts"),
  },
  {
    name: "run",
    summary: "create and run a container",
    load: () => import("runtime/commands/run.ts"),
  },
  {
    name: "sandbox",
    summary: "run a command in a throwaway container over a copy of this host's files",
    load: () => import("runtime/commands/sandbox.ts"),
  },
  {
    name: "seccomp",
    summary: "test a seccomp profile against a system call, or show its filter",
    load: () => import("runtime/commands/seccomp.ts"),
  },
  {
    name: "spec",
    summary: "create a new specification file",
    load: () => import("runtime/commands/spec.ts"),
  },
  {
    name: "start",
    summary: "execute the user's process in a created container",
    load: () => import("runtime/commands/start.ts"),
  },
  {
    name: "state",
    summary: "output the state of a container",
    load: () => import("runtime/commands/state.ts"),
  },
  {
    name: "update",
    summary: "change the limits of a container",
    load: () => import("runtime/commands/update.ts"),
  },
  {
    name: "wait",
    summary: "wait for the end of a container, and end with its exit status",
    load: () => import("runtime/commands/wait.ts"),
  },
];

/** The entry of a command; undefined where there is none of that name. */
export function commandNamed(name: string): CommandEntry | undefined {
  return COMMANDS.find((entry) => entry.name === name);
}
