/**
 * Text as the kernel has it: bytes, nearly always UTF-8, but file names and arguments may be any bytes.
 *
 * Bytes that are no UTF-8 become the lone surrogates U+DC80..U+DCFF, one a byte, and become the same bytes again
 * (Python's "surrogateescape", PEP 383). So `encodeText(decodeText(bytes))` is `bytes`, whatever they are.
 */

const ESCAPE = 0xdc00;
const REPLACEMENT = 0xfffd;

/** The bytes of a text. A lone surrogate that stands for no byte becomes U+FFFD, as in Go's JSON reader. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encode(text, 0);
}

/**
 * The bytes of a text and a NUL after them.
 * @throws {RangeError} when the text has a NUL of its own, at which the kernel would cut it
 */
export function encodeCString(text: string): Uint8Array<ArrayBuffer> {
  const nul = text.indexOf("\0");
  if (nul >= 0) throw new RangeError(`Cannot encode C string: there is a NUL at index ${nul}`);
  return encode(text, 1);
}

function encode(text: string, spare: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length + spare);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return encodeRest(text, i, bytes, spare);
    bytes[i] = unit;
  }
  return bytes;
}

function encodeRest(
  text: string,
  start: number,
  ascii: Uint8Array,
  spare: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(start + 3 * (text.length - start) + spare);
  bytes.set(ascii.subarray(0, start));
  let end = start;
  for (let i = start; i < text.length; i++) {
    let point = text.codePointAt(i) ?? 0;
    if (point >= 0x10000) i++;
    if (point >= ESCAPE + 0x80 && point <= ESCAPE + 0xff) {
      bytes[end++] = point - ESCAPE;
      continue;
    }
    if (point >= 0xd800 && point <= 0xdfff) point = REPLACEMENT;
    end = putPoint(bytes, end, point);
  }
  return bytes.slice(0, end + spare);
}

function putPoint(bytes: Uint8Array, at: number, point: number): number {
  let end = at;
  if (point < 0x80) bytes[end++] = point;
  else if (point < 0x800) bytes[end++] = 0xc0 | point >> 6;
  else if (point < 0x10000) bytes[end++] = 0xe0 | point >> 12;
  else bytes[end++] = 0xf0 | point >> 18;
  if (point >= 0x10000) bytes[end++] = 0x80 | point >> 12 & 0x3f;
  if (point >= 0x800) bytes[end++] = 0x80 | point >> 6 & 0x3f;
  if (point >= 0x80) bytes[end++] = 0x80 | point & 0x3f;
  return end;
}

/** The text of bytes; the reverse of {@link encodeText}. */
export function decodeText(bytes: Uint8Array): string {
  let text = "";
  let units: number[] = [];
  for (let i = 0; i < bytes.length;) {
    const byte = bytes[i] ?? 0;
    const size = byte < 0x80 ? 1 : sequenceLength(bytes, i);
    if (size === 0) units.push(ESCAPE + byte);
    else if (size === 1) units.push(byte);
    else pushPoint(units, pointAt(bytes, i, size));
    i += size || 1;
    // Arguments of a call are kept on the stack, which has an end.
    if (units.length >= 4096) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** How many bytes the well-formed sequence at `at` has (Unicode 16, table 3-7); 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): 0 | 2 | 3 | 4 {
  const first = bytes[at] ?? 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < size; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return size;
}

function pointAt(bytes: Uint8Array, at: number, size: number): number {
  let point = (bytes[at] ?? 0) & 0xff >> size + 1;
  for (let i = 1; i < size; i++) point = point << 6 | (bytes[at + i] ?? 0) & 0x3f;
  return point;
}

function pushPoint(units: number[], point: number): void {
  if (point < 0x10000) units.push(point);
  else units.push(0xd7c0 + (point >> 10), 0xdc00 | point & 0x3ff);
}
