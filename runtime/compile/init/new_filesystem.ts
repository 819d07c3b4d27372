import { ERRNO } from "syscalls/abi/errno.ts";
import { FSCONFIG, FSMOUNT, FSOPEN, MOUNT_ATTR } from "syscalls/abi/mount.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import type { MountAttrName } from "runtime/spec/valid.ts";
import { close, type Lowering } from "./lowering.ts";

export interface NewFilesystem {
  readonly type: string;
  readonly source: string;
  /** `key` or `key=value`, as in the data string of mount(8). */
  readonly parameters: readonly string[];
  readonly attributes: readonly MountAttrName[];
  /** Where the descriptor of the new mount goes; it is attached nowhere yet. */
  readonly into: Slot;
  /** Where to go when the kernel says EPERM; without one that is a failure. */
  readonly refused?: Label;
}

/**
 * fsopen, fsconfig for every parameter, fsmount: a mount that nobody sees until it is attached.
 *
 * @param configureMore what else is to be said to the file system that is being made, before it is
 */
export function mountNew(
  low: Lowering,
  { type, source, parameters, attributes, into, refused }: NewFilesystem,
  configureMore: (context: Slot) => void = () => {},
): void {
  const { builder } = low;
  const forgive = refused === undefined ? [] : [ERRNO.EPERM];
  const unlessRefused = (): void => {
    if (refused !== undefined) builder.branch({ when: { kind: "failed" }, to: refused });
  };
  const context = builder.slot();
  builder.call("fsopen", [
    builder.cString(type),
    builder.flags(FSOPEN, FSOPEN.of("FSOPEN_CLOEXEC")),
  ], { into: context, forgive });
  unlessRefused();
  const configure = (
    command: keyof typeof FSCONFIG,
    key: string | null,
    value: string | null,
  ): void =>
    builder.call("fsconfig", [
      builder.value(context, "fs"),
      builder.immediate(FSCONFIG[command], command),
      key === null ? builder.immediate(0, "NULL") : builder.cString(key),
      value === null ? builder.immediate(0, "NULL") : builder.cString(value),
      builder.immediate(0),
    ], { forgive: command === "FSCONFIG_CMD_CREATE" ? forgive : [] });
  if (source !== "") configure("FSCONFIG_SET_STRING", "source", source);
  for (const parameter of parameters) {
    const at = parameter.indexOf("=");
    if (at < 0) configure("FSCONFIG_SET_FLAG", parameter, null);
    else configure("FSCONFIG_SET_STRING", parameter.slice(0, at), parameter.slice(at + 1));
  }
  configureMore(context);
  configure("FSCONFIG_CMD_CREATE", null, null);
  unlessRefused();
  builder.call("fsmount", [
    builder.value(context, "fs"),
    builder.flags(FSMOUNT, FSMOUNT.of("FSMOUNT_CLOEXEC")),
    builder.flags(MOUNT_ATTR, MOUNT_ATTR.of(...attributes)),
  ], { into, forgive });
  unlessRefused();
  close(low, context);
}
