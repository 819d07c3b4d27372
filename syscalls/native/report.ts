/**
 * What a running program says to its parent: fixed-size messages of 16 bytes, little-endian on every machine ocirt knows.
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u32 | tag |
 * | 4 | u32 | step: an index into the program's steps |
 * | 8 | i64 | value |
 */
export interface Report {
  readonly tag: number;
  readonly step: number;
  readonly value: bigint;
}

/** Size of one report in bytes. */
export const REPORT_SIZE = 16;

/** The tag of "a step failed"; the value is the errno. Other tags belong to whoever writes the program. */
export const TAG_FAILED = 1;

export function encodeReport(report: Report): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(REPORT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, report.tag, true);
  view.setUint32(4, report.step, true);
  view.setBigInt64(8, report.value, true);
  return bytes;
}

/** @throws {RangeError} when `bytes` is not exactly one report */
export function decodeReport(bytes: Uint8Array): Report {
  if (bytes.length !== REPORT_SIZE) {
    throw new RangeError(`Cannot decode report: it has ${bytes.length} bytes, not ${REPORT_SIZE}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    tag: view.getUint32(0, true),
    step: view.getUint32(4, true),
    value: view.getBigInt64(8, true),
  };
}
