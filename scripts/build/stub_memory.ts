import { encodeText } from "syscalls/abi/text.ts";
import type { StubMachine } from "./stub_machine.ts";

// Where things are in the memory that the stub maps: the info block, then room for its own needs, then the path.
export const VARIABLE_AT = 256;
/** Address of the variable that says where the engine keeps its caches. */
export const FOLDER_AT = 384;
export const CACHE_VARIABLE_AT = 448;
export const SCRATCH_AT = 512;
export const PATH_AT = 4096;

/** Puts a constant at an offset of that memory; changes `a`. */
export function noteConstant(machine: StubMachine, offset: number, value: bigint): void {
  machine.set("a", value);
  machine.store("info", offset, "a");
}

/** Puts a short text and zeros at an offset of that memory; changes `a`. */
export function emitText(machine: StubMachine, offset: number, text: string): void {
  const bytes = new Uint8Array(Math.ceil((text.length + 1) / 8) * 8);
  bytes.set(encodeText(text));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < bytes.length; i += 8) {
    noteConstant(machine, offset + i, view.getBigUint64(i, true));
  }
}
