import type { HostFacts } from "runtime/base/facts.ts";
import type { IdMapping, NamespaceType } from "./valid.ts";

/** The mappings of a user namespace. */
export interface UserMappings {
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
}

/** What validate() needs to know besides the file. The functions ask the host, so that this room need not. */
export interface ValidationContext {
  /** The bundle's folder, absolute. */
  readonly bundle: string;
  /** The file as error messages call it. */
  readonly fileName: string;
  readonly facts: HostFacts;
  /** True when the namespace at `path` is the runtime's own. Without it, a namespace to join is taken to be another one. */
  readonly namespaceIsHost?: (type: NamespaceType, path: string) => boolean;
  /**
   * Whether somebody answers for filters whose file names nobody (the variable RUN_OCI_SECCOMP_RECEIVER), or need not, for none is
   * installed.
   */
  readonly hasSeccompReceiver?: boolean;
  /** The mappings of the user namespace at `path`, none where they are not known. Without it, those in the file are believed. */
  readonly userNamespaceMappings?: (path: string) => UserMappings;
}
