import type { HostFacts } from "runtime/base/facts.ts";
import { LaunchError, SpecError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { planLimits } from "runtime/cgroups/limits/plan.ts";
import { compileDevices } from "runtime/compile/devices/program.ts";
import { compileImage, compileInit } from "runtime/compile/init/program.ts";
import { seccompOf } from "runtime/lifecycle/filter.ts";
import { planCreate } from "runtime/plan/create.ts";
import type { CgroupFacts, Plan } from "runtime/plan/plan.ts";
import { deviceRules } from "runtime/spec/device_rules.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import { validate } from "runtime/spec/validate.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { listSteps } from "syscalls/native/listing.ts";
import { EVERY_V1, ONLY_V2, V2_CONTROLLERS } from "tests/support/limit_hosts.ts";
import { descriptorsFor, LEGACY, UNIFIED } from "tests/support/plan_fixtures.ts";
import type { Random } from "tests/support/random.ts";
import { FACTS } from "tests/support/spec_fixtures.ts";
import { runWhereAllWorks } from "tests/support/working_kernel.ts";
import { asRead, configText, smallerJson } from "./config_input.ts";
import { Ends, type Fault, type Kind } from "./kind.ts";
import { messageFault } from "./words.ts";

/** A config.json, and the host that it is read on. */
export interface ConfigInput {
  readonly host: number;
  /** Bytes that are no UTF-8 are U+DC80 to U+DCFF, as in syscalls/abi/text.ts. */
  readonly text: string;
}

interface Host {
  readonly facts: HostFacts;
  readonly cgroups: CgroupFacts;
}

const HOSTS: readonly Host[] = [
  { facts: FACTS, cgroups: UNIFIED },
  { facts: FACTS, cgroups: LEGACY },
  { facts: { ...FACTS, arch: "aarch64", kernel: [5, 12] }, cgroups: UNIFIED },
  { facts: { ...FACTS, euid: 1000, inUserNamespace: true, capabilityBounds: 0n }, cgroups: LEGACY },
];

/** So long may one file keep the program busy, in milliseconds: the slowest machines are ten times slower than most. */
const PATIENCE = 5000;

/** What is done with a file; tests put in something that is broken. */
export type ReadConfig = (text: string, host: Host) => void | Promise<void>;

/** Mutated config.json files, through all that is decided before anything runs: checks, plan, limits, programs. */
export function configKind(read: ReadConfig = decide): Kind<ConfigInput> {
  const ends = new Ends();
  return {
    name: "config",
    ends,
    generate: (random: Random) => ({ host: random.below(HOSTS.length), text: configText(random) }),
    run: (input) => faultOf(input, read, ends),
    *smaller({ host, text }): Iterable<ConfigInput> {
      for (const smaller of smallerJson(text)) yield { host, text: smaller };
    },
  };
}

async function faultOf(
  { host, text }: ConfigInput,
  read: ReadConfig,
  ends: Ends,
): Promise<Fault | null> {
  const before = performance.now();
  const where = HOSTS[host] ?? { facts: FACTS, cgroups: UNIFIED };
  const thrown = await thrownBy(() => read(asRead(text), where));
  ends.add(thrown === null ? "accepted" : "refused");
  const took = performance.now() - before;
  if (took > PATIENCE) return { rule: "time", text: `it took ${Math.round(took)} ms` };
  return thrown === null ? null : thrownFault(thrown.error, text);
}

async function thrownBy(
  action: () => void | Promise<void>,
): Promise<{ readonly error: unknown } | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return { error };
  }
}

function thrownFault(thrown: unknown, given: string): Fault | null {
  const { text, stack } = failureOf(thrown);
  if (thrown instanceof SpecError || thrown instanceof LaunchError) {
    return messageFault(text, given);
  }
  return { rule: "internal error", text: `${text} ${stack ?? ""}` };
}

async function decide(text: string, host: Host): Promise<void> {
  const spec = validate(parseConfig(text, "config.json"), {
    bundle: "/bundle",
    fileName: "config.json",
    facts: host.facts,
  });
  decideLimits(spec, host);
  compileDevices(deviceRules(spec));
  if (spec.process === null) return;
  const seccomp = await seccompOf(spec, host.facts, "config.json");
  const plan = planCreate({
    spec,
    filter: seccomp?.filter ?? null,
    facts: host.facts,
    cgroups: host.cgroups,
    links: new Map(),
    preservedFds: 0,
    noPivot: null,
    notify: false,
    keyring: "_ses.c1",
  });
  check(plan, host);
}

function decideLimits({ config }: ValidSpec, { cgroups }: Host): void {
  const { devices: _apart, ...resources } = config.linux?.resources ?? {};
  const places = cgroups.unified ? ONLY_V2 : EVERY_V1;
  const { findings } = planLimits(resources, {
    places,
    available: () => V2_CONTROLLERS,
    base: "/linux/resources",
  });
  if (findings.problems.length > 0) throw new SpecError("config.json", findings.problems);
}

/** The programs of a plan must be made and shown, and come to an end of their own. */
function check(plan: Plan, { facts }: Host): void {
  const descriptors = descriptorsFor(plan);
  listSteps(compileInit(plan, facts.arch, descriptors));
  compileImage(plan, facts.arch, descriptors);
  // Emulated machine code takes longer than all the rest.
  if (facts.arch === "x86_64" && plan.host.terminal === null) {
    const { end } = runWhereAllWorks(plan);
    if (end.kind === "crashed") throw new TypeError("Cannot run the program: it has no end");
  }
}
