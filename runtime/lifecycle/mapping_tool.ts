import { HostError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { findProgram } from "runtime/host/find_program.ts";
import { RANGES_IN, userNameOf } from "runtime/host/subordinate_ids.ts";
import { planHook } from "runtime/plan/hook.ts";
import type { IdMapping } from "runtime/spec/valid.ts";
import type { Context } from "./context.ts";
import type { IdKind, MappingTool } from "./id_maps.ts";
import { runHook } from "./run_hook.ts";

/**
 * newuidmap(1) and newgidmap(1): they may map what /etc/subuid and /etc/subgid give to the caller.
 */
export function mappingTool(context: Context, facts: HostFacts): MappingTool {
  return (process, kind, mappings) => {
    const name = `new${kind}map`;
    const path = findProgram(name);
    if (path === null) throw missing(name, kind, mappings, facts);
    const args = [name, String(process), ...mappings.flatMap(numbersOf)];
    const hook = { path, args: args as [string, ...string[]], env: [], timeout: null };
    const failure = runHook(context, {
      record: { annotations: {}, bundle: "/" },
      plan: planHook({
        hook: { ...hook, origin: originOf(kind) },
        env: [],
        facts,
        directory: { path: "/", mayBeGone: false },
        inside: null,
      }),
      arch: facts.arch,
      target: null,
      listener: null,
      orAttach: null,
      state: "",
      timeout: null,
    });
    if (failure !== null) throw refused(name, failure, { kind, mappings, facts });
  };
}

function numbersOf({ containerID, hostID, size }: IdMapping): string[] {
  return [containerID, hostID, size].map(String);
}

function originOf(kind: IdKind): string {
  return `/linux/${kind}Mappings`;
}

function missing(
  name: string,
  kind: IdKind,
  mappings: readonly IdMapping[],
  { euid, egid }: HostFacts,
): HostError {
  const own = kind === "uid" ? euid : egid;
  const other = mappings.find(({ hostID, size }) => hostID !== own || size > 1);
  const example = other === undefined ? "" : ` such as ${other.hostID}`;
  return new HostError(
    `Cannot map ${kind}s of the host${example} (${originOf(kind)}): only the caller's own can be ` +
      `mapped without ${name}, which is not in PATH; hint: apt-get install uidmap (shadow-utils on Fedora)`,
  );
}

function refused(
  name: string,
  failure: string,
  { kind, mappings, facts }: { kind: IdKind; mappings: readonly IdMapping[]; facts: HostFacts },
): HostError {
  const words = /stderr: (?:new[ug]idmap: )?([^]*?)\s*$/.exec(failure)?.[1];
  const ranges = mappings.map(({ hostID, size }) =>
    size === 1 ? String(hostID) : `${hostID}-${hostID + size - 1}`
  );
  const file = RANGES_IN[kind];
  return new HostError(
    `Cannot map ${kind}s ${ranges.join(", ")} of the host (${originOf(kind)}): ${name}: ${
      words === undefined || words === "" ? failure : words.replaceAll("\n", "; ")
    }; hint: ${
      facts.euid === 0
        ? `this user namespace has not all of them (/proc/self/${kind}_map)`
        : `${file} must give user ${userNameOf(facts.euid) ?? facts.euid} each range but the own id`
    }`,
  );
}
