import { SpecError, StateError, UsageError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { availableControllers } from "runtime/cgroups/controllers.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { changed, changeLimits } from "runtime/cgroups/limits/apply.ts";
import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import { checkMemoryUse } from "runtime/cgroups/limits/memory_check.ts";
import { planLimits } from "runtime/cgroups/limits/plan.ts";
import { recordedPlaces } from "runtime/cgroups/limits/recorded_places.ts";
import { readUserFile } from "runtime/host/bundle.ts";
import type { Resources } from "runtime/spec/valid.ts";
import { mergeResources } from "runtime/spec/merge_resources.ts";
import { parseConfig, parseResources } from "runtime/spec/parse.ts";
import { validateResources } from "runtime/spec/validate.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { replaceText } from "runtime/state/store.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import type { Context } from "./context.ts";
import { openContainer } from "./open.ts";

/** New limits, and where they are from. */
export type UpdateSource =
  /** `-` is standard input. */
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "flags"; readonly resources: Resources };

/**
 * Changes the limits of a container, and keeps them with its configuration for the commands that follow.
 *
 * @throws {SpecError} for limits that are wrong or that this host cannot apply
 * @throws {HostError} for one that the kernel refuses; what was changed before is changed back
 */
export async function update(context: Context, id: string, source: UpdateSource): Promise<void> {
  const { name, resources } = readResources(source);
  const { devices: _untouched, ...wanted } = resources;
  const { log } = context;
  for (const warning of validateResources(wanted, name)) log.log("warning", warning);
  using container = openContainer(context, id);
  assertAllowed("update", id, container.status);
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
  await tellSystemd(container.record, plan.writes);
  const takeBack = changeLimits(plan.writes);
  try {
    replaceText(file, textOf({ ...config, linux: { ...config.linux, resources: merged } }));
  } catch (cause) {
    if (!(cause instanceof StateError)) throw cause;
    throw new StateError(cause.message + changed(takeBack()), { cause });
  }
}

/** What systemd does not know of its unit it takes back when it is reloaded. */
async function tellSystemd(
  { systemd }: ContainerRecord,
  writes: readonly FileValue[],
): Promise<void> {
  if (systemd === null) return;
  const { changeUnit } = await import("./systemd_unit.ts");
  changeUnit(systemd, writes);
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
