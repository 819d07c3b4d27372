import { DT, dynamicEntry, hasName, readDynamic, readRelocations, RELOCATIONS } from "./dynamic.ts";
import {
  type Elf,
  ElfError,
  fileOffset,
  PT_LOAD,
  readAddress,
  readElf,
  writeAddress,
} from "./elf.ts";

/**
 * A copy of an engine whose SQLite opens files by the paths that it is given.
 *
 * SQLite looks for symlinks in a path itself, with lstat(2) and readlink(2). That leads it astray behind `/proc/self/fd`, whose
 * links are none that can be read. In its table of system calls (`aSyscall` in os_unix.c: name, function) "lstat" gets the
 * function of "stat", which finds no symlink.
 *
 * @throws {ElfError} when there is no such table
 */
export function withPathsAsGiven(source: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const elf = readElf(source.slice());
  const addends = relativeAddends(elf);
  const [from, to] = [functionAt(elf, addends, "stat"), functionAt(elf, addends, "lstat")];
  writeAddress(elf.view, to, readAddress(elf.view, from));
  return elf.bytes;
}

/** Where in the file the addend for each address is that gets one. */
function relativeAddends(elf: Elf): ReadonlyMap<number, number> {
  const dynamic = readDynamic(elf);
  const table = dynamicEntry(dynamic, DT.RELA).value;
  const { relative } = RELOCATIONS[elf.arch];
  const addends = new Map<number, number>();
  for (const entry of readRelocations(elf, table, dynamicEntry(dynamic, DT.RELASZ).value)) {
    if (entry.type === relative) addends.set(entry.offset, entry.at + 16);
  }
  return addends;
}

/** Where the addend of the pointer is that follows a pointer to `name`. */
function functionAt(elf: Elf, addends: ReadonlyMap<number, number>, name: string): number {
  for (const [address, at] of addends) {
    const next = addends.get(address + 8);
    if (next === undefined) continue;
    const text = readAddress(elf.view, at);
    if (isInFile(elf, text) && hasName(elf.bytes, fileOffset(elf, text), name)) return next;
  }
  throw new ElfError(`it has no table of system calls with ${name}`);
}

function isInFile(elf: Elf, address: number): boolean {
  return elf.segments.some(({ type, vaddr, fileSize }) =>
    type === PT_LOAD && vaddr <= address && address < vaddr + fileSize
  );
}
