/** Whether the folders of PATH have a program of this name. */
function isOnPath(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Whether a test that needs a program must be skipped; it says so, since a skip that nobody sees looks like a success.
 * @throws {Error} in place of a skip when OCIRT_MUST_WORK is 1
 */
export function lacksProgram(program: string, install: string): boolean {
  if (isOnPath(program)) return false;
  const reason = `Cannot run ${program}: ENOENT (No such file or directory); hint: ${install}`;
  if (Deno.env.get("OCIRT_MUST_WORK") === "1") throw new Error(reason);
  console.warn(`skipping tests: ${reason}`);
  return true;
}
