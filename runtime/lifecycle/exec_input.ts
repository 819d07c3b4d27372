import type { HostFacts } from "runtime/base/facts.ts";
import { readUserFile } from "runtime/host/bundle.ts";
import { probeHost } from "runtime/host/probe.ts";
import { isOwnNamespace } from "runtime/host/namespaces.ts";
import type { ExecInput } from "runtime/plan/exec.ts";
import {
  changedProcess,
  describedProcess,
  type ProcessChanges,
} from "runtime/spec/changed_process.ts";
import { parseConfig, parseProcess } from "runtime/spec/parse.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { ProcessScope } from "runtime/spec/checks/process.ts";
import { type JoiningProcess, validate, validateProcess } from "runtime/spec/validate.ts";
import { NAMESPACES } from "runtime/spec/words/namespaces.ts";
import { execCgroups } from "./exec_cgroup.ts";
import { seccompOf } from "./filter.ts";
import type { Seccomp } from "./seccomp.ts";
import { withHome } from "./home.ts";
import type { InspectedContainer } from "./inspect.ts";
import { withHostLabels } from "./labels.ts";
import { processDirectories } from "./process_cgroups.ts";
import { preservedFds } from "./preserved_fds.ts";
import { seccompReceiver } from "./seccomp_receiver.ts";

/** What the command line says of the process. */
export interface ProcessOptions extends ProcessChanges {
  /** A file with the whole process; null where the container's own is changed. */
  readonly processFile: string | null;
  readonly preserveFds: number;
  /** `[controllers:]path` each. */
  readonly cgroup: readonly string[];
}

/** What is known of a process before it is made. */
export interface ExecPreparation {
  readonly input: ExecInput;
  /** The container's filter, which is the process's as well; null without one. */
  readonly seccomp: Seccomp | null;
}

/** All that the plan of `exec` is made from: the container as it was created, and the process that is asked for. */
export async function execInput(
  container: InspectedContainer,
  options: ProcessOptions,
): Promise<ExecPreparation> {
  const { record, paths } = container;
  const facts = probeHost();
  const config = parseConfig(Deno.readTextFileSync(paths.config), paths.config);
  const { bundle } = record;
  const created = validate(config, {
    bundle,
    fileName: paths.config,
    facts,
    hasSeccompReceiver: seccompReceiver() !== "",
  });
  const { processFile } = options;
  const process = processFile === null
    ? changedProcess(config.process, options)
    : describedProcess(parseProcess(readUserFile(processFile), processFile), config.process);
  const fileName = processFile ?? COMMAND_LINE;
  const spec = withHome(
    withHostLabels(
      withProcess(created, facts, (scope) => validateProcess(process, fileName, scope)),
      "",
      fileName,
    ),
  );
  const seccomp = await seccompOf(spec, facts, paths.config);
  const input = {
    spec,
    facts,
    cgroups: options.cgroup.length > 0
      ? execCgroups(record.cgroups, options.cgroup)
      : execCgroups(processDirectories(record.cgroups, created), []),
    links: new Map(),
    keyring: record.keyring === "" ? null : record.keyring,
    noPivot: null,
    preservedFds: preservedFds(options.preserveFds),
    notify: false,
    filter: seccomp?.filter ?? null,
    joined: joinedNamespaces(record.pid, created),
  };
  return { input, seccomp };
}

/** What a wrong word is in, where no file was named. */
const COMMAND_LINE = "the command line";

/** The container's configuration with another process in it. */
function withProcess(
  spec: ValidSpec,
  facts: HostFacts,
  check: (scope: ProcessScope) => JoiningProcess,
): ValidSpec {
  const { namespaces, uidMappings, gidMappings } = spec;
  const hasUser = namespaces.some(({ type }) => type === "user");
  const userNamespace = hasUser ? { uidMappings, gidMappings } : null;
  const { process, warnings } = check({ facts, userNamespace });
  // runc sets the container's own umask even where a file describes the whole process.
  const umask = process.umask ?? spec.process?.umask ?? null;
  return { ...spec, process: { ...process, umask }, warnings };
}

/** Those of the container's namespaces that are not this process's own: the others need no joining, and user may not be joined twice. */
export function joinedNamespaces(init: number, { namespaces }: ValidSpec): ExecInput["joined"] {
  return namespaces.map(({ type }) => type).filter((type) => {
    const { file } = NAMESPACES[type];
    return !isOwnNamespace(file, `/proc/${init}/ns/${file}`);
  });
}
