import { run } from "./run.ts";

/** The release and the commit, as `--version` shows them. */
export interface Version {
  readonly version: string;
  readonly commit: string;
}

/** The release that deno.json names and the commit given, or else git's. */
export async function readVersion(commit: string | undefined): Promise<Version> {
  const project = new URL("../../deno.json", import.meta.url);
  const { version } = JSON.parse(await Deno.readTextFile(project)) as { version: string };
  return { version, commit: commit ?? await gitCommit(project) };
}

/** A copy of the sources need not be a git checkout, and git need not be there. */
async function gitCommit(project: URL): Promise<string> {
  const folder = new URL(".", project).pathname;
  try {
    const commit = await run("git", ["-C", folder, "describe", "--always", "--dirty", "--match="]);
    return commit.trim();
  } catch {
    return "unknown";
  }
}
