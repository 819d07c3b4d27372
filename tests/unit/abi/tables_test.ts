import { assert, assertEquals } from "@std/assert";
import { abiGroups, NEWER_NAMES } from "scripts/abi_tables.ts";
import type { ProbedAbi, ProbedGroup } from "scripts/probe_abi.ts";
import type { Arch } from "syscalls/abi/arch.ts";

const PROBED: ProbedAbi = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/abi.json", import.meta.url)),
);

function probedGroup(arch: Arch, name: string): ProbedGroup {
  const group = PROBED[arch]?.[name];
  assert(group !== undefined, `tests/fixtures/abi.json has no ${name} of ${arch}`);
  return group;
}

// A C compiler widens an int with its sign, so only the bits that the table has room for are compared.
function sameBits(ours: bigint | number, theirs: string): boolean {
  const value = BigInt(theirs);
  return BigInt(ours) === value ||
    BigInt(ours) === BigInt.asUintN(32, value) && value >> 32n === 0xffffffffn;
}

for (const arch of ["x86_64", "aarch64"] as const) {
  Deno.test(`every named value is what the C compiler for ${arch} says`, () => {
    let compared = 0;
    for (const group of abiGroups(arch)) {
      const { values } = probedGroup(arch, group.name);
      for (const table of [...group.tables, group.expressions ?? {}]) {
        for (const [name, value] of Object.entries(table)) {
          const theirs = values[name];
          if (theirs === undefined) {
            assert(NEWER_NAMES.has(name), `${name} has not been probed: run scripts/probe_abi.ts`);
            continue;
          }
          assert(sameBits(value, theirs), `${group.name}: ${name} is ${value}, C says ${theirs}`);
          compared++;
        }
      }
    }
    assert(compared > 500, `only ${compared} values were compared`);
  });

  Deno.test(`every struct has the size and offsets that the C compiler for ${arch} says`, () => {
    for (const group of abiGroups(arch)) {
      const { structs } = probedGroup(arch, group.name);
      for (const shape of [...group.structs ?? [], ...group.heads ?? []]) {
        const theirs = structs[shape.name];
        const ours = Object.entries(shape.offsets).filter(([field]) => !field.startsWith("_"));
        assertEquals(Object.fromEntries(ours), theirs?.offsets ?? {}, shape.name);
        if (group.heads?.includes(shape)) assert(shape.size <= (theirs?.size ?? 0), shape.name);
        else assertEquals(shape.size, theirs?.size ?? -1, shape.name);
      }
    }
  });
}
