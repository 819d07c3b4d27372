import {
  booleanFlag,
  type Command,
  type CommandResult,
  positional,
  stringFlag,
} from "runtime/base/command.ts";
import { restore } from "runtime/lifecycle/restore.ts";
import { CRIU_FLAGS, criuChoices } from "./criu_flags.ts";
import { BUNDLE_FLAGS, bundleOf, CONSOLE_SOCKET_FLAG, PID_FILE_FLAG } from "./launch_flags.ts";

export const command: Command = {
  name: "restore",
  usage: "<container-id>",
  description:
    `Makes the container <container-id> from a bundle and the images that "%n checkpoint" wrote, lets
its processes go on, waits for the end of the first one and deletes the container. The exit
status is that of the process. With --detach the container is left running. It may have
another id than the one that was written, and another --root.`,
  flags: [
    ...BUNDLE_FLAGS,
    ...CRIU_FLAGS,
    CONSOLE_SOCKET_FLAG,
    PID_FILE_FLAG,
    { name: "detach", short: "d", type: "boolean", help: "return once the container runs" },
    {
      name: "no-subreaper",
      type: "boolean",
      help: "do not adopt the container's processes that lose their parent",
    },
    { name: "no-pivot", type: "boolean", help: "accepted for callers that pass it", hidden: true },
    { name: "tcp-close", type: "boolean", help: "restore TCP connections as closed ones" },
    {
      name: "lsm-profile",
      type: "string",
      metavar: "TYPE:NAME",
      help: "another profile for the processes: apparmor:NAME or selinux:LABEL",
    },
    {
      name: "lsm-mount-context",
      type: "string",
      metavar: "CONTEXT",
      help: "another SELinux context for the mounts",
    },
  ],
  positionals: { min: 1, max: 1, are: ["other"] },
  examples: [
    {
      line: "%n restore --detach --bundle /bundles/mine --image-path /var/tmp/mine mine",
      does: "let it go on from those images",
    },
  ],
  exitStatus: [
    [
      "0 to 255",
      "that of the container's process; 128 and the signal that ended it; 0 with --detach",
    ],
    ["1", "also: the container could not be restored"],
  ],
  async run(invocation): Promise<CommandResult> {
    const exitCode = await restore(invocation.context, {
      ...criuChoices(invocation),
      ...bundleOf(invocation),
      id: positional(invocation, 0),
      detach: booleanFlag(invocation, "detach"),
      pidFile: stringFlag(invocation, "pid-file"),
      consoleSocket: stringFlag(invocation, "console-socket"),
      noSubreaper: booleanFlag(invocation, "no-subreaper"),
      tcpClose: booleanFlag(invocation, "tcp-close"),
      lsmProfile: stringFlag(invocation, "lsm-profile"),
      lsmMountContext: stringFlag(invocation, "lsm-mount-context"),
    });
    return { exitCode };
  },
};
