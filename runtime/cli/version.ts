import type { BuildInfo } from "runtime/base/build_info.ts";

/** The newest runtime-spec that is understood. */
const SPEC_VERSION = "1.3.0";

/** `--version`: callers read the first line, and `commit:` and `spec:` below it. */
export function versionText(programName: string, build: BuildInfo, deno: string): string {
  return `${programName} version ${build.version}
commit: ${build.commit}
spec: ${SPEC_VERSION}
deno: ${deno}
`;
}
