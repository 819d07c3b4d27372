import { Findings } from "runtime/spec/checks/findings.ts";
import type { Place } from "../place.ts";
import type { LimitWrite } from "./limit_write.ts";
import { V1_WRITES, type Wanted, type WritesOf } from "./v1.ts";
import { lackingInV2, unifiedWrites, V2_WRITES } from "./v2.ts";

/** A write, and the cgroup that it is made to. */
export interface PlacedWrite extends LimitWrite {
  readonly controller: string;
  readonly place: Place;
}

/** The limits of a container as writes, in order. */
export interface LimitPlan {
  readonly writes: readonly PlacedWrite[];
  /** What cannot be applied on this host, and why; nothing of the plan should be done then. */
  readonly findings: Findings;
}

/** What version 2 calls the controllers that have another name there. */
const NEW_NAMES: Readonly<Record<string, string>> = { blkio: "io" };

/** The places of a container, and how the plan for them is made. */
export interface LimitHost {
  /** The container's cgroups, one a tree. */
  readonly places: readonly Place[];
  /** What the version 2 tree of a place can control (its mountpoint's cgroup.controllers); asked for only where it matters. */
  readonly available: (place: Place) => readonly string[];
  /** JSON pointer to the resources in the file they came from. */
  readonly base: string;
}

/** Turns limits into writes: for each controller in the version 1 tree that has it, else in the version 2 tree. */
export function planLimits(resources: Wanted, host: LimitHost): LimitPlan {
  const planner = new Planner(resources, host);
  for (const [controller, writesOf] of V1_WRITES) planner.plan(controller, writesOf);
  planner.planUnified();
  const { writes, findings } = planner;
  return { writes, findings };
}

/** Findings in a part of a file. */
class PartFindings extends Findings {
  readonly #base: string;
  constructor(base: string) {
    super();
    this.#base = base;
  }
  override problem(path: string, text: string): void {
    super.problem(this.#base + path, text);
  }
  override warn(path: string, text: string): void {
    super.warn(this.#base + path, text);
  }
}

class Planner {
  readonly writes: PlacedWrite[] = [];
  readonly findings: Findings;
  readonly #resources: Wanted;
  readonly #host: LimitHost;
  readonly #unified: Place | null;

  constructor(resources: Wanted, host: LimitHost) {
    this.findings = new PartFindings(host.base);
    this.#resources = resources;
    this.#host = host;
    this.#unified = host.places.find(({ hierarchy }) => hierarchy.version === 2) ?? null;
  }

  /** @param writesOf what version 1 writes for its controller `old` */
  plan(old: string, writesOf: WritesOf): void {
    const resources = this.#resources;
    const tree = this.#host.places.find(({ hierarchy }) => hierarchy.controllers.includes(old));
    if (tree !== undefined) return this.#put(old, tree, writesOf(resources, this.findings));
    const name = NEW_NAMES[old] ?? old;
    const newer = V2_WRITES.get(name);
    if (newer === undefined && !this.#isAlone) {
      return this.#put(old, null, writesOf(resources, this.findings));
    }
    for (const path of lackingInV2(resources, name)) {
      this.findings.problem(path, "cgroup version 2 has no such setting");
    }
    const made = newer?.(resources, this.findings) ?? [];
    this.#put(name, made.length > 0 && this.#has(name) ? this.#unified : null, made);
  }

  planUnified(): void {
    const { unified = {} } = this.#resources;
    if (Object.keys(unified).length === 0) return;
    const place = this.#unified;
    if (place === null || !this.#isAlone) {
      const text = "invalid configuration: cannot use unified on cgroup v1";
      return this.findings.problem("/unified", text);
    }
    for (const { controller, write } of unifiedWrites(this.#resources, this.findings)) {
      if (controller === "" || this.#has(controller)) this.#put(controller, place, [write]);
      else {
        const what = `unified resource ${JSON.stringify(write.file)} can't be set`;
        const why = `controller ${JSON.stringify(controller)} not available`;
        this.findings.problem(write.origin, `${what}: ${why}`);
      }
    }
  }

  /** True where version 2 is all there is. */
  get #isAlone(): boolean {
    return this.#unified !== null && this.#host.places.length === 1;
  }

  #has(controller: string): boolean {
    return this.#unified !== null && this.#host.available(this.#unified).includes(controller);
  }

  #put(controller: string, place: Place | null, writes: readonly LimitWrite[]): void {
    if (place !== null) {
      for (const write of writes) {
        const origin = this.#host.base + write.origin;
        this.writes.push({ ...write, origin, controller, place });
      }
      return;
    }
    const text = `the cgroup controller ${
      JSON.stringify(controller)
    } is not available on this host`;
    const origins = new Set(writes.map(({ origin }) => origin));
    for (const origin of origins) this.findings.problem(origin, text);
  }
}
