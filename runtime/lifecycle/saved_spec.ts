import { StateError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { validate } from "runtime/spec/validate.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { withHome } from "./home.ts";

/**
 * The configuration of a container as it was at create.
 * @throws {StateError} when the file is gone
 * @throws {SpecError} when it is damaged
 */
export function savedSpec(
  { bundle }: ContainerRecord,
  { config: file }: RecordPaths,
  facts: HostFacts,
): ValidSpec {
  const config = parseConfig(read(file), file);
  return withHome(validate(config, { bundle, fileName: file, facts, hasSeccompReceiver: true }));
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new StateError(`Cannot read ${file}: ${ioReason(cause)}`, { cause });
  }
}
