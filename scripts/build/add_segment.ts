import {
  type Elf,
  ElfError,
  loadSegments,
  PF_R,
  PF_X,
  PHDR_SIZE,
  PT_LOAD,
  PT_NOTE,
  type Segment,
  writeAddress,
  writeSegment,
} from "./elf.ts";

/** Where a further segment of a file goes. */
export interface SegmentPlace {
  readonly offset: number;
  readonly vaddr: number;
}

/** The first free place behind everything in the file and in memory. */
export function placeBehind(elf: Elf): SegmentPlace {
  const loads = loadSegments(elf);
  const page = Math.max(4096, ...loads.map(({ align }) => align));
  const end = Math.max(...loads.map(({ vaddr, memorySize }) => vaddr + memorySize));
  return { offset: roundUp(elf.bytes.length, page), vaddr: roundUp(end, page) };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/**
 * The file with one more segment, readable and executable, at the place given, and another entry point.
 *
 * There is no room for a further program header in front of what follows the table, so the segment takes the header of
 * the note (build id and ABI tag), which nothing reads when a program starts.
 * @throws {ElfError} when the file has no note to give up
 */
export function addSegment(
  elf: Elf,
  place: SegmentPlace,
  content: Uint8Array,
  entry: number,
): Uint8Array<ArrayBuffer> {
  const note = elf.segments.findLastIndex(({ type }) => type === PT_NOTE);
  if (note < 0) throw new ElfError("it has no PT_NOTE program header to reuse");
  const bytes = new Uint8Array(place.offset + content.length);
  bytes.set(elf.bytes);
  bytes.set(content, place.offset);
  const view = new DataView(bytes.buffer);
  writeAddress(view, 24, entry);
  const added: Segment = {
    type: PT_LOAD,
    flags: PF_R | PF_X,
    offset: place.offset,
    vaddr: place.vaddr,
    fileSize: content.length,
    memorySize: content.length,
    align: Math.max(4096, ...loadSegments(elf).map(({ align }) => align)),
  };
  for (const [i, segment] of withSegment(elf.segments, note, added).entries()) {
    writeSegment(view, elf.programHeaders + i * PHDR_SIZE, segment);
  }
  return bytes;
}

/** Loadable segments must be in the order of their addresses (System V ABI), so the new one follows the last. */
function withSegment(
  segments: readonly Segment[],
  note: number,
  added: Segment,
): readonly Segment[] {
  const rest = segments.filter((_, i) => i !== note);
  const last = rest.findLastIndex(({ type }) => type === PT_LOAD);
  return rest.toSpliced(last + 1, 0, added);
}
