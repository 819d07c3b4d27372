import type { Problem } from "runtime/base/errors.ts";
import { SpecError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { Config } from "runtime/spec/config.ts";
import type { ValidationContext } from "runtime/spec/context.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { validate } from "runtime/spec/validate.ts";

/** A host on which root may do everything. */
export const FACTS: HostFacts = {
  arch: "x86_64",
  kernel: [6, 12],
  euid: 0,
  egid: 0,
  inUserNamespace: false,
  ids: null,
  setgroupsDenied: false,
  capabilityBounds: (1n << 41n) - 1n,
  nofile: { soft: 1024n, hard: 524288n },
  ignoredSignals: 0n,
};

export const CONTEXT: ValidationContext = {
  bundle: "/bundle",
  fileName: "config.json",
  facts: FACTS,
};

/** The text of a file in tests/fixtures/spec. */
export function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`../fixtures/spec/${name}`, import.meta.url));
}

/** The names of all of them. */
export function fixtureNames(): string[] {
  const folder = new URL("../fixtures/spec/", import.meta.url);
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** A small valid config with new namespaces of every kind but user and time; `change` edits it as a person would. */
export function configWith(change: (config: Draft) => void = () => {}): Config {
  const draft = JSON.parse(fixture("runc-1.1.5.json"));
  draft.linux.namespaces.push({ type: "cgroup" });
  change(draft);
  return parseConfig(JSON.stringify(draft), "config.json");
}

/** A config before anything has been checked: tests put everything into it. */
// deno-lint-ignore no-explicit-any
export type Draft = any;

/** A change: the process has no terminal. */
export function withoutTerminal(config: Draft): void {
  config.process.terminal = false;
}

export function validWith(
  change: (config: Draft) => void,
  context: ValidationContext = CONTEXT,
): ValidSpec {
  return validate(configWith(change), context);
}

/** The problems that a changed config has, as `pointer: text`; [] when it is valid. */
export function problemsWith(
  change: (config: Draft) => void,
  context: ValidationContext = CONTEXT,
): string[] {
  return problemsOf(() => validWith(change, context));
}

/** The problems of the SpecError that `run` throws, as `pointer: text`; [] when it throws nothing. */
export function problemsOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.problems.map(({ path, text }: Problem) => `${path}: ${text}`);
  }
}

/** A generator of numbers from 0 to below `limit`, the same ones for the same seed (mulberry32). */
export function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** A value as JSON, bigints as the numbers they are. */
export function jsonText(value: unknown): string {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return JSON.stringify(
    value,
    (_key, entry) => typeof entry === "bigint" ? rawJSON(String(entry)) : entry,
  );
}

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  70000,
  4294967296,
  9007199254740991,
  1e300,
  "",
  "x",
  "/",
  "a\0b",
  "../..",
  [],
  [null],
  {},
  { type: "user" },
  { "": "" },
  "__proto__",
];

/** A copy of a JSON value with one to three places in it changed. */
export function mutate(value: unknown, random: (limit: number) => number): unknown {
  const copy = structuredClone(value);
  for (let i = random(3); i >= 0; i--) mutateOnce(copy, random);
  return copy;
}

function mutateOnce(root: unknown, random: (limit: number) => number): void {
  let node = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(node);
    if (keys.length === 0) return;
    const key = keys[random(keys.length)] as string;
    const child = node[key];
    if (typeof child === "object" && child !== null && random(4) > 0) {
      node = child as Record<string, unknown>;
      continue;
    }
    if (random(8) === 0) {
      node[key.toUpperCase()] = child;
      if (key !== key.toUpperCase()) delete node[key];
      return;
    }
    if (random(4) === 0) delete node[key];
    else node[key] = structuredClone(ODD_VALUES[random(ODD_VALUES.length)]);
    return;
  }
}
