/** What the build knew, put in front of the bundled program. */
export interface BuildInfo {
  /** The release, as in deno.json: `0.1.0`. */
  readonly version: string;
  /** The git commit, with `-dirty` when the work tree had changes; `unknown` without git. */
  readonly commit: string;
  /** How the executable was made; `none` when the sources run as they are. */
  readonly link: "embed" | "compile" | "none";
  /** Whether the executable has the entry stub that writes the info block (runtime/host/info_block.ts). */
  readonly entryStub: boolean;
}

/** The global that the build defines. */
export const BUILD_GLOBAL = "OCIRT_BUILD";

const SOURCES: BuildInfo = {
  version: "0.0.0-dev",
  commit: "unknown",
  link: "none",
  entryStub: false,
};

/** How this program was built. */
export function buildInfo(): BuildInfo {
  const globals = globalThis as { readonly [BUILD_GLOBAL]?: BuildInfo };
  return globals[BUILD_GLOBAL] ?? SOURCES;
}
