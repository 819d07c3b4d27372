import { SpecError } from "runtime/base/errors.ts";
import { checkAnnotations, mountContext } from "./checks/annotations.ts";
import { checkCgroupNames } from "./checks/cgroup_names.ts";
import { checkDevices, checkNetDevices } from "./checks/devices.ts";
import { checkFilter } from "./checks/filter.ts";
import { Findings } from "./checks/findings.ts";
import { checkHooks, NO_HOOKS } from "./checks/hooks.ts";
import { checkUserNamespace } from "./checks/id_mappings.ts";
import { checkIntelRdt, checkPersonality, checkRestrictedPaths } from "./checks/linux.ts";
import { checkMemoryPolicy } from "./checks/memory_policy.ts";
import { checkMounts } from "./checks/mounts.ts";
import { checkNamespaces, checkTimeOffsets, findNamespace } from "./checks/namespaces.ts";
import { checkProcess, type ProcessScope } from "./checks/process.ts";
import { checkResources } from "./checks/resources.ts";
import { checkSysctl } from "./checks/sysctl.ts";
import { checkRoot, checkUtsName, checkVersion } from "./checks/top_level.ts";
import type { Config, ProcessConfig, ResourcesConfig } from "./config.ts";
import type { ValidationContext } from "./context.ts";
import type { ValidProcess, ValidSpec } from "./valid.ts";

/**
 * Checks everything about a config.json that can be known without looking at the file system, and fills in every default.
 *
 * What a 1.5 of runc runs passes, but for what the runtime-spec says must be refused and runc lets through (duplicate rlimits,
 * relative hook paths, errno values for actions without one, ...).
 *
 * @param config a file whose shape has been checked, from parseConfig()
 * @throws {SpecError} with every problem of the file
 */
export function validate(config: Config, context: ValidationContext): ValidSpec {
  const findings = new Findings();
  const spec = translate(config, context, findings);
  if (findings.problems.length > 0) throw new SpecError(context.fileName, findings.problems);
  return spec;
}

function translate(config: Config, context: ValidationContext, findings: Findings): ValidSpec {
  const linux = config.linux ?? {};
  checkVersion(config, findings);
  const root = checkRoot(config, context, findings);
  const namespaces = checkNamespaces(linux, context, findings);
  const mappings = checkUserNamespace(linux, namespaces, context, findings);
  const { process } = config;
  const userNamespace = findNamespace(namespaces, "user") === undefined ? null : mappings;
  const scope: ProcessScope = { facts: context.facts, userNamespace };
  // Most files have few of these; what is not called is not compiled either.
  const hooks = config.hooks === undefined ? NO_HOOKS : checkHooks(config.hooks, findings);
  if (linux.resources !== undefined) {
    checkResources(linux.resources, "/linux/resources", findings);
  }
  const { personality, memoryPolicy } = linux;
  const filter = checkFilter(config, context.hasSeccompReceiver ?? false, findings);
  if (config.annotations !== undefined) checkAnnotations(config, filter, findings);
  if (linux.intelRdt !== undefined) checkIntelRdt(linux, findings);
  return {
    root,
    hostname: checkUtsName(config, "hostname", namespaces, findings),
    domainname: checkUtsName(config, "domainname", namespaces, findings),
    mounts: checkMounts(config, { root, namespaces, mappings, context }, findings),
    process: process === undefined ? null : checkProcess(process, "/process", scope, findings),
    namespaces,
    ...mappings,
    timeOffsets: linux.timeOffsets === undefined
      ? []
      : checkTimeOffsets(linux, namespaces, findings),
    devices: linux.devices === undefined ? [] : checkDevices(linux, findings),
    netDevices: linux.netDevices === undefined
      ? []
      : checkNetDevices(linux, namespaces, context, findings),
    sysctl: checkSysctl(config, namespaces, context, findings),
    maskedPaths: checkRestrictedPaths(linux, "maskedPaths", namespaces, findings),
    readonlyPaths: checkRestrictedPaths(linux, "readonlyPaths", namespaces, findings),
    // "" is how an encoder without optional fields writes an absent one.
    rootfsPropagation: linux.rootfsPropagation || null,
    mountLabel: linux.mountLabel ?? "",
    mountContext: config.annotations === undefined ? "context" : mountContext(config, findings),
    personality: personality === undefined ? null : checkPersonality(personality, findings),
    memoryPolicy: memoryPolicy === undefined ? null : checkMemoryPolicy(memoryPolicy, findings),
    ...filter,
    ...checkCgroupNames(config, findings),
    hooks,
    annotations: config.annotations ?? {},
    warnings: findings.warnings,
    config,
  };
}

/** A process for a container that is already there, and what a person should know about it. */
export interface JoiningProcess {
  readonly process: ValidProcess;
  readonly warnings: readonly string[];
}

/**
 * Checks the process of `exec`.
 *
 * @param process a file whose shape has been checked, from parseProcess()
 * @throws {SpecError} with every problem of the file
 */
export function validateProcess(
  process: ProcessConfig,
  fileName: string,
  scope: ProcessScope,
): JoiningProcess {
  const findings = new Findings();
  const valid = checkProcess(process, "", scope, findings);
  if (findings.problems.length > 0) throw new SpecError(fileName, findings.problems);
  return { process: valid, warnings: findings.warnings };
}

/**
 * Checks the limits of `update`.
 *
 * @param resources a file whose shape has been checked, from parseResources()
 * @returns what a person should know about them
 * @throws {SpecError} with every problem of the file
 */
export function validateResources(
  resources: ResourcesConfig,
  fileName: string,
): readonly string[] {
  const findings = new Findings();
  checkResources(resources, "", findings);
  if (findings.problems.length > 0) throw new SpecError(fileName, findings.problems);
  return findings.warnings;
}
