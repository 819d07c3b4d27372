import { type Problem, SpecError } from "runtime/base/errors.ts";
import type {
  Config,
  MountConfig,
  ProcessConfig,
  ResourcesConfig,
  SeccompConfig,
} from "./config.ts";
import { checkTable, type Table } from "./check_table.ts";
import { findJsonFault } from "./json_fault.ts";
import {
  CONFIG_TABLE,
  MOUNTS_TABLE,
  PROCESS_TABLE,
  RESOURCES_TABLE,
  SECCOMP_TABLE,
} from "./table.gen.ts";

/**
 * Reads config.json and checks its shape. What depends on more than one value is left to validate().
 *
 * @param fileName the file as error messages call it
 * @throws {SpecError} with the place of the first fault when it is no JSON, with every wrong value otherwise
 */
export function parseConfig(text: string, fileName: string): Config {
  return parse(CONFIG_TABLE, text, fileName) as Config;
}

/** Whether a configuration lists a namespace of this type, of its own or joined; it need not be valid otherwise. */
export function namesNamespace({ linux }: Config, wanted: string): boolean {
  return linux?.namespaces?.some(({ type }) => type === wanted) ?? false;
}

/**
 * Reads the process.json of `exec --process`.
 *
 * @throws {SpecError} as {@link parseConfig} does
 */
export function parseProcess(text: string, fileName: string): ProcessConfig {
  return parse(PROCESS_TABLE, text, fileName) as ProcessConfig;
}

/**
 * Reads the file of `update --resources`.
 *
 * @throws {SpecError} as {@link parseConfig} does
 */
export function parseResources(text: string, fileName: string): ResourcesConfig {
  return parse(RESOURCES_TABLE, text, fileName) as ResourcesConfig;
}

/**
 * Reads the file of `mounts add`: a list as in config.json's `mounts`.
 *
 * @throws {SpecError} as {@link parseConfig} does
 */
export function parseMounts(text: string, fileName: string): MountConfig[] {
  return parse(MOUNTS_TABLE, text, fileName) as MountConfig[];
}

/**
 * Reads a seccomp profile: a file as `linux.seccomp` of config.json.
 *
 * @throws {SpecError} as {@link parseConfig} does
 */
export function parseSeccomp(text: string, fileName: string): SeccompConfig {
  return parse(SECCOMP_TABLE, text, fileName) as SeccompConfig;
}

function parse(table: Table, text: string, fileName: string): unknown {
  let value = parseJson(text, fileName);
  let problems = checkTable(table, value);
  // A number that a double cannot hold exactly is a problem to the table, so that few files need the slow way.
  if (problems.length > 0 && LONG_NUMBER.test(text)) {
    value = parseJson(text, fileName, reviveLongInteger);
    problems = checkTable(table, value);
  }
  if (problems.length > 0) throw new SpecError(fileName, problems);
  return value;
}

/** A number that a double may not hold exactly, where a value can stand. Strings may match too; they only cost time. */
const LONG_NUMBER = /[:,[]\s*-?[0-9]{16}/;

/** JSON.parse hands a reviver the source text of plain values (ECMAScript 2026); TypeScript's library does not know yet. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function parseJson(text: string, fileName: string, reviver?: Reviver): unknown {
  try {
    return (JSON.parse as (text: string, reviver?: Reviver) => unknown)(text, reviver);
  } catch {
    throw new SpecError(fileName, [explain(text)]);
  }
}

function reviveLongInteger(
  _key: string,
  value: unknown,
  context: { readonly source?: string },
): unknown {
  if (typeof value !== "number" || context.source === undefined) return value;
  return /^-?[0-9]{16,}$/.test(context.source) ? BigInt(context.source) : value;
}

function explain(text: string): Problem {
  if (text.trim() === "") return { path: "", text: "it is empty; a JSON document is expected" };
  if (text.startsWith("\ufeff")) {
    return { path: "", text: "it starts with a byte order mark; save it as plain UTF-8" };
  }
  const fault = findJsonFault(text);
  // JSON.parse gives up on deep nesting only, where the text itself is right.
  if (fault === null) return { path: "", text: "it is nested too deeply" };
  return { path: "", text: `line ${fault.line} column ${fault.column}: ${fault.text}` };
}
