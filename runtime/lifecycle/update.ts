import { HostError, OcirtError, SpecError, StateError, UsageError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { availableControllers } from "runtime/cgroups/controllers.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { changed, changeLimits, type TakeBack } from "runtime/cgroups/limits/apply.ts";
import { checkMemoryUse } from "runtime/cgroups/limits/memory_check.ts";
import { type PlacedWrite, planLimits } from "runtime/cgroups/limits/plan.ts";
import { recordedPlaces } from "runtime/cgroups/limits/recorded_places.ts";
import { readUserFile } from "runtime/host/bundle.ts";
import type { IntelRdt, Resources } from "runtime/spec/valid.ts";
import { mergeResources } from "runtime/spec/merge_resources.ts";
import { parseConfig, parseResources } from "runtime/spec/parse.ts";
import { validateResources } from "runtime/spec/validate.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { replaceText } from "runtime/state/store.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import { NO_CGROUP } from "./container_cgroup.ts";
import type { Context } from "./context.ts";
import { openContainer } from "./open.ts";
import type { UnitChange } from "./systemd_unit.ts";

/** New limits, and where they are from. */
export type UpdateSource =
  /** `-` is standard input. */
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "flags"; readonly resources: Resources };

/**
 * Changes the limits of a container, and keeps them with its configuration for the commands that follow.
 *
 * @param intelRdt new schemas of its class of cache and memory bandwidth; `{}` for none
 * @throws {SpecError} for limits that are wrong or that this host cannot apply
 * @throws {HostError} for one that the kernel refuses; what was changed before is changed back
 */
export async function update(
  context: Context,
  id: string,
  source: UpdateSource,
  intelRdt: IntelRdt,
): Promise<void> {
  const { name, resources } = readResources(source);
  const { devices: _untouched, ...wanted } = resources;
  const { log } = context;
  for (const warning of validateResources(wanted, name)) log.log("warning", warning);
  using container = openContainer(context, id);
  assertAllowed("update", id, container.status);
  if (container.record.cgroups.length === 0) {
    throw new StateError(`Cannot set limits in cgroups: ${NO_CGROUP}`);
  }
  const file = container.paths.config;
  const config = parseConfig(Deno.readTextFileSync(file), file);
  const inForce = config.linux?.resources ?? {};
  const { merged, changes } = mergeResources(inForce, wanted);
  const places = recordedPlaces(container.record.cgroups, hostLayout().hierarchies);
  const host = { places, available: availableControllers, base: "" };
  const plan = planLimits({ ...changes, inForce }, host);
  if (plan.findings.problems.length > 0) throw new SpecError(name, plan.findings.problems);
  for (const warning of plan.findings.warnings) log.log("warning", warning);
  checkMemoryUse(changes, places);
  const unit = await unitChangeOf(container.record, plan.writes);
  const changeClass = await classChange(container.record, intelRdt);
  const linux = { ...config.linux, resources: merged };
  if (linux.intelRdt !== undefined) linux.intelRdt = { ...linux.intelRdt, ...intelRdt };
  inTurn([
    ...unit === null ? [] : [unit.tell],
    () => changeLimits(unit?.writes ?? plan.writes),
    ...changeClass === null ? [] : [changeClass],
    () => {
      replaceText(file, textOf({ ...config, linux }));
      return () => [];
    },
  ]);
}

/** Makes changes one after the other; those before one that fails are taken back. */
function inTurn(changes: readonly (() => TakeBack)[]): void {
  const made: TakeBack[] = [];
  try {
    for (const change of changes) made.push(change());
  } catch (cause) {
    const more = changed(made.reverse().flatMap((takeBack) => takeBack()));
    if (more === "" || !(cause instanceof OcirtError)) throw cause;
    throw new HostError(cause.message + more, { cause });
  }
}

/** What there is to do where systemd has made the cgroups; null where the runtime has. */
async function unitChangeOf(
  { systemd }: ContainerRecord,
  writes: readonly PlacedWrite[],
): Promise<UnitChange | null> {
  if (systemd === null) return null;
  const { unitChange } = await import("./systemd_unit.ts");
  return unitChange(systemd, writes);
}

/** The change of a class of cache and memory bandwidth; null where none is asked. */
async function classChange(
  { resctrl }: ContainerRecord,
  changes: IntelRdt,
): Promise<(() => TakeBack) | null> {
  if (Object.keys(changes).length === 0) return null;
  if (resctrl === null) {
    throw new StateError("updating a non-existent Intel RDT configuration is not supported");
  }
  const { changeResctrl } = await import("./resctrl.ts");
  return () => changeResctrl(resctrl, changes);
}

interface NamedResources {
  /** What errors call the place that the limits are from. */
  readonly name: string;
  readonly resources: Resources;
}

function readResources(source: UpdateSource): NamedResources {
  if (source.kind === "flags") return { name: "the command line", resources: source.resources };
  const name = source.file === "-" ? "standard input" : source.file;
  const text = source.file === "-" ? readStandardInput() : readUserFile(source.file);
  return { name, resources: parseResources(text, name) };
}

function readStandardInput(): string {
  const parts: string[] = [];
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const count = Deno.stdin.readSync(buffer);
      if (count === null) return parts.join("");
      parts.push(decoder.decode(buffer.subarray(0, count), { stream: true }));
    }
  } catch (cause) {
    throw new UsageError(`Cannot read standard input: ${ioReason(cause)}`, { cause });
  }
}

/** JSON.rawJSON writes a text as it is (ECMAScript 2026); TypeScript's library does not know yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** The text of a configuration; what a double cannot hold is a bigint in it. */
function textOf(config: object): string {
  return JSON.stringify(
    config,
    (_name, value: unknown) => typeof value === "bigint" ? rawJSON(String(value)) : value,
  );
}
