import { homeOf } from "runtime/host/home.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

const PASSWD = "/etc/passwd";

/** The configuration with a HOME in the process's environment: programs rely on it, and every runtime sets it where the file does not. */
export function withHome(spec: ValidSpec): ValidSpec {
  const { process } = spec;
  if (process === null || process.env.some((entry) => /^HOME=./s.test(entry))) return spec;
  const env = process.env.filter((entry) => entry !== "HOME=");
  return { ...spec, process: { ...process, env: [...env, `HOME=${lookUp(spec, process.uid)}`] } };
}

function lookUp({ root, mounts }: ValidSpec, uid: number): string {
  const mounted = mounts.findLast(({ destination }) => destination === PASSWD);
  if (mounted !== undefined && mounted.bind !== "none") return homeOf("/", mounted.source, uid);
  return homeOf(root.kind === "directory" ? root.path : root.lower, PASSWD, uid);
}
