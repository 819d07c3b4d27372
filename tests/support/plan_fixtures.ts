import type { HostFacts } from "runtime/base/facts.ts";
import { planCreate } from "runtime/plan/create.ts";
import type { NoPivot } from "runtime/plan/input.ts";
import type { SeccompFilter } from "runtime/plan/step.ts";
import { planExec } from "runtime/plan/exec.ts";
import type { CgroupFacts, Plan } from "runtime/plan/plan.ts";
import type { Descriptors } from "runtime/compile/init/lowering.ts";
import type { NamespaceType } from "runtime/spec/valid.ts";
import { CONTEXT, type Draft, FACTS, validWith } from "./spec_fixtures.ts";

/** A host where cgroup v2 is alone. */
export const UNIFIED: CgroupFacts = {
  unified: true,
  hierarchies: [{
    name: "cgroup",
    version: 2,
    controllers: [],
    directory: "/sys/fs/cgroup/c1",
    isOwn: true,
  }],
  tasks: [],
  unifiedDirectory: "/sys/fs/cgroup/c1",
};

/** A host with two version 1 hierarchies, one of them joint, and nothing else. */
export const LEGACY: CgroupFacts = {
  unified: false,
  hierarchies: [
    {
      name: "cpu,cpuacct",
      version: 1,
      controllers: ["cpu", "cpuacct"],
      directory: "/sys/fs/cgroup/cpu,cpuacct/c1",
      isOwn: true,
    },
    {
      name: "systemd",
      version: 1,
      controllers: ["name=systemd"],
      directory: "/sys/fs/cgroup/systemd/c1",
      isOwn: true,
    },
  ],
  tasks: ["/sys/fs/cgroup/cpu,cpuacct/c1/tasks", "/sys/fs/cgroup/systemd/c1/tasks"],
  unifiedDirectory: null,
};

export interface PlanOptions {
  readonly change?: (config: Draft) => void;
  readonly cgroups?: CgroupFacts;
  readonly facts?: Partial<HostFacts>;
  readonly preservedFds?: number;
  readonly noPivot?: NoPivot | null;
  readonly notify?: boolean;
  readonly filter?: SeccompFilter | null;
  readonly keyring?: string | null;
}

/** The plan for runc's own template, changed as a person would. */
export function planWith(
  {
    change = () => {},
    cgroups = UNIFIED,
    facts = {},
    preservedFds = 0,
    noPivot = null,
    notify = false,
    filter = null,
    keyring = "_ses.c1",
  }: PlanOptions = {},
): Plan {
  const host = { ...FACTS, ...facts };
  const spec = validWith(change, { ...CONTEXT, facts: host });
  const links = new Map<string, string>();
  return planCreate({
    spec,
    facts: host,
    cgroups,
    links,
    preservedFds,
    noPivot,
    notify,
    filter,
    keyring,
  });
}

export interface ExecPlanOptions extends PlanOptions {
  /** The namespaces in which the container differs from the runtime: those that the configuration names. */
  readonly joined?: readonly NamespaceType[];
}

/** The plan for one more process, which is the one of the configuration, in a container of that configuration. */
export function execPlanWith(
  { change = () => {}, cgroups = UNIFIED, facts = {}, preservedFds = 0, filter = null, joined }:
    ExecPlanOptions = {},
): Plan {
  const host = { ...FACTS, ...facts };
  const spec = validWith(change, { ...CONTEXT, facts: host });
  return planExec({
    spec,
    facts: host,
    cgroups,
    links: new Map(),
    preservedFds,
    noPivot: null,
    notify: false,
    filter,
    keyring: "_ses.c1",
    joined: joined ?? spec.namespaces.map(({ type }) => type),
  });
}

/** Descriptors as the host half may have opened them. */
export function descriptorsFor(plan: Plan): Descriptors {
  if (plan.purpose === "exec") {
    return {
      sync: 20,
      gate: null,
      outcome: null,
      target: 21,
      cgroup: null,
      notify: null,
      stdio: null,
      namespaces: [],
    };
  }
  return {
    sync: 20,
    gate: 21,
    outcome: 22,
    target: null,
    stdio: null,
    notify: plan.steps.some(({ kind }) => kind === "attachMount") ? 24 : null,
    cgroup: 23,
    namespaces: plan.host.namespaces.map((_, index) => 30 + index),
  };
}

/** A user namespace with one mapping for each kind of id. */
export function withUserNamespace(config: Draft): void {
  config.linux.namespaces.push({ type: "user" });
  config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
}
