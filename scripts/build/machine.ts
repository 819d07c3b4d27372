import type { Arch } from "syscalls/abi/arch.ts";

/** What one machine alone needs: a file and what others take from it. */
const MACHINE_FILES: readonly {
  readonly arch: Arch;
  readonly file: string;
  readonly name: string;
}[] = [
  { arch: "aarch64", file: "syscalls/abi/numbers/aarch64.ts", name: "syscallNumber" },
  { arch: "aarch64", file: "syscalls/native/backend_aarch64.ts", name: "emitAarch64" },
  { arch: "x86_64", file: "syscalls/abi/numbers/x86_64.ts", name: "syscallNumber" },
  { arch: "x86_64", file: "syscalls/native/x86_64_writer.ts", name: "X8664Writer" },
];

/**
 * Writes an import map with which a program leaves out what only other machines than `arch` need: an executable runs on one,
 * and what it never calls takes time to load.
 *
 * @param folder gets the map and a stand-in for each file that is left out
 * @returns the map's path
 */
export async function machineImportMap(arch: Arch, folder: string): Promise<string> {
  const root = new URL("../../", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const map: Record<string, string> = {};
  for (const [name, target] of Object.entries<string>(imports)) {
    map[name] = target.startsWith("./") ? new URL(target, root).href : target;
  }
  for (const { file, name, arch: machine } of MACHINE_FILES) {
    if (machine === arch) continue;
    const standIn = `${folder}/no_${name}_${machine}.ts`;
    await Deno.writeTextFile(standIn, standInText(name, machine));
    map[new URL(file, root).href] = `file://${standIn}`;
  }
  const path = `${folder}/import_map.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports: map }));
  return path;
}

function standInText(name: string, arch: Arch): string {
  return `export function ${name}() { throw new TypeError("Cannot use ${name}: this build is not for ${arch}"); }`;
}
