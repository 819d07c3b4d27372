import type { Arch } from "syscalls/abi/arch.ts";

/** The files that one machine alone needs, by what takes their place in a build for another. */
const MACHINE_FILES: Readonly<Record<Arch, { standIn: string; files: readonly string[] }>> = {
  aarch64: {
    standIn: "scripts/build/absent/aarch64.ts",
    files: ["syscalls/abi/numbers/aarch64.ts", "syscalls/native/backend_aarch64.ts"],
  },
  x86_64: {
    standIn: "scripts/build/absent/x86_64.ts",
    files: ["syscalls/abi/numbers/x86_64.ts", "syscalls/native/x86_64_writer.ts"],
  },
};

/**
 * Writes an import map with which a program leaves out what only other machines than `arch` need: an executable runs on one,
 * and what it never calls takes time to load.
 *
 * @param folder gets the map
 * @returns the map's path
 */
export async function machineImportMap(arch: Arch, folder: string): Promise<string> {
  const root = new URL("../../", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const map: Record<string, string> = {};
  for (const [name, target] of Object.entries<string>(imports)) {
    map[name] = target.startsWith("./") ? new URL(target, root).href : target;
  }
  for (const [machine, { standIn, files }] of Object.entries(MACHINE_FILES)) {
    if (machine === arch) continue;
    for (const file of files) {
      const target = new URL(standIn, root).href;
      // A map is applied once: to what an import says, be it a path from the root or the address of a relative one.
      map[file] = target;
      map[new URL(file, root).href] = target;
    }
  }
  const path = `${folder}/import_map.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports: map }));
  return path;
}
