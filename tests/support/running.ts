import { assertEquals } from "@std/assert";
import type { Edit } from "./bundle.ts";
import type { Result, RunOptions } from "./ocirt.ts";
import type { Container, Stage } from "./stage.ts";

/** A running container whose init sleeps. */
export function sleeper(stage: Stage, edit: Edit = (): void => {}): Container {
  return stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  }).create().start();
}

/** What `exec` is told: its flags, then the words behind the id. */
export interface ExecArgs extends RunOptions {
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
}

export function exec(
  stage: Stage,
  { id }: Container,
  { flags = [], args = [], ...options }: ExecArgs,
): Result {
  return stage.ocirt(["exec", ...flags, id, ...args], options);
}

/** Runs shell lines by exec and gives what they wrote; they must succeed, and nothing may be on standard error. */
export function execSh(
  stage: Stage,
  container: Container,
  script: string,
  ...flags: readonly string[]
): string {
  const { code, stdout, stderr } = exec(stage, container, { flags, args: ["sh", "-c", script] });
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, `${script}\n${stdout}`);
  return stdout;
}

/** Writes a file for `exec --process`: a process with these properties, and gives its path. */
export function processFile(stage: Stage, properties: Readonly<Record<string, unknown>>): string {
  const path = `${stage.dir}/process.json`;
  const base = { user: { uid: 0, gid: 0 }, env: ["PATH=/bin"], cwd: "/" };
  Deno.writeTextFileSync(path, JSON.stringify({ ...base, ...properties }));
  return path;
}
