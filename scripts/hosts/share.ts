const ROOT = new URL("../../", import.meta.url);

/** What of the project the tests read, with the executable that they test. */
const PROJECT = ["deno.json", "deno.lock", "main.ts", "ocirt"];
const PROJECT_FOLDERS = ["runtime", "scripts", "shims", "syscalls", "tests"];

/** Parts of deno's own folder that hold what it would else get from the network. */
const DENO_FOLDERS = ["npm", "dl"];

/** Makes a folder with all that the tests need on a host that has neither this project, deno nor a network. */
export async function makeShare(): Promise<string> {
  const share = await Deno.makeTempDir({ prefix: "ocirt-hosts-" });
  await Deno.mkdir(`${share}/project`);
  await Deno.mkdir(`${share}/deno-dir`);
  await copy([Deno.execPath()], `${share}/deno`);
  const project = [...PROJECT, ...PROJECT_FOLDERS].map((name) => new URL(name, ROOT).pathname);
  await copy(project, `${share}/project/`);
  const kept = await denoDir();
  await copy(DENO_FOLDERS.map((name) => `${kept}/${name}`).filter(exists), `${share}/deno-dir/`);
  return share;
}

/**
 * Shell lines that run tests on the host: `sh -c LINES sh SHARE FILE...`. They work on a copy, for what is shared may be a file system on
 * which neither sockets nor all modes work.
 */
export const RUN_TESTS = [
  "set -e",
  "work=$(mktemp -d /var/tmp/ocirt-hosts-XXXXXX)",
  'cp -R "$1/." "$work"',
  "shift",
  'cd "$work/project"',
  'export DENO_DIR="$work/deno-dir" DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 OCIRT_MUST_WORK=0',
  "unset CI",
  'exec "$work/deno" run -A --cached-only scripts/test.ts --built "$@"',
].join("\n");

async function denoDir(): Promise<string> {
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(info.stdout)) as { denoDir: string };
  return denoDir;
}

async function copy(from: readonly string[], to: string): Promise<void> {
  if (from.length === 0) return;
  const { success, stderr } = await new Deno.Command("cp", {
    args: ["-R", "--reflink=auto", ...from, to],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  throw new Error(`Cannot copy to ${to}: ${new TextDecoder().decode(stderr).trim()}`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
