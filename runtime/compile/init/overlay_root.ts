import type { Label, Slot } from "syscalls/native/program.ts";
import type { RootStep } from "runtime/plan/step.ts";
import { close, cwd, type Lowering } from "./lowering.ts";
import { attach, cloneSource, setAttributes } from "./mount_attributes.ts";
import { mountNew } from "./new_filesystem.ts";

type Of<Kind extends RootStep["kind"]> = Extract<RootStep, { kind: Kind }>;

/** The root as an overlay on a tmpfs, which holds all that is written. */
export function lowerOverlay(low: Lowering, step: Of<"openOverlayRoot">): void {
  const { lower, scratch, userAttributes } = step;
  const tmpfs = mountScratch(low, scratch);
  for (const name of ["upper", "work", "root"]) makeDirectory(low, tmpfs, name);
  mountOverlay(low, { lower, scratch, into: low.root, userAttributes });
  attach(low, low.root, low.builder.value(tmpfs, "scratch"), "root");
  close(low, tmpfs);
}

/** A read-only view, cloned before the tmpfs is there, and overlays on that. */
export function lowerLayers(
  low: Lowering,
  { lower, scratch, layers }: Of<"openLayeredRoot">,
): void {
  const { builder } = low;
  cloneSource(low, { source: lower, deep: true, nofollow: true, into: low.root });
  setAttributes(low, low.root, { set: ["MOUNT_ATTR_RDONLY"], clear: [], deep: true, forgive: [] });
  const tmpfs = mountScratch(low, scratch);
  makeDirectory(low, tmpfs, "root");
  attach(low, low.root, builder.value(tmpfs, "scratch"), "root");
  for (const [index, layer] of layers.entries()) {
    const folder = String(index);
    for (const name of [folder, `${folder}/upper`, `${folder}/work`]) {
      makeDirectory(low, tmpfs, name);
    }
    const refused = builder.label();
    const into = builder.slot();
    const overlay = { lower: layer, scratch: `${scratch}/${folder}`, into, userAttributes: true };
    mountOverlay(low, { ...overlay, refused });
    attach(low, into, cwd(low), `${scratch}/root${layer}`);
    close(low, into);
    builder.place(refused);
  }
  close(low, tmpfs);
}

/** A tmpfs at `scratch`; gives its root. */
function mountScratch(low: Lowering, scratch: string): Slot {
  const tmpfs = low.builder.slot();
  const parameters = ["mode=700"];
  mountNew(low, { type: "tmpfs", source: "tmpfs", parameters, attributes: [], into: tmpfs });
  attach(low, tmpfs, cwd(low), scratch);
  return tmpfs;
}

function makeDirectory({ builder }: Lowering, parent: Slot, name: string): void {
  builder.call("mkdirat", [
    builder.value(parent, "scratch"),
    builder.cString(name),
    builder.immediate(0o755, "0755"),
  ]);
}

interface Overlay {
  readonly lower: string;
  /** Where its folders `upper` and `work` are. */
  readonly scratch: string;
  readonly into: Slot;
  readonly userAttributes: boolean;
  readonly refused?: Label;
}

function mountOverlay(
  low: Lowering,
  { lower, scratch, userAttributes, ...rest }: Overlay,
): void {
  mountNew(low, {
    type: "overlay",
    source: "overlay",
    parameters: [
      `lowerdir=${lower}`,
      `upperdir=${scratch}/upper`,
      `workdir=${scratch}/work`,
      ...userAttributes ? ["userxattr"] : [],
    ],
    attributes: [],
    ...rest,
  });
}
