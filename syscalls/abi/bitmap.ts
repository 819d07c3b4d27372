/**
 * Numbers as the kernel has sets of CPUs and of NUMA nodes: an array of `unsigned long` with a bit for each, long enough for the
 * largest. Little-endian, so bit N is in byte N / 8.
 */
export function encodeBitmap(numbers: Iterable<number>): Uint8Array<ArrayBuffer> {
  let largest = -1;
  for (const number of numbers) largest = Math.max(largest, number);
  const bitmap = new Uint8Array(8 * Math.ceil((largest + 1) / 64));
  for (const number of numbers) {
    const at = number >> 3;
    bitmap[at] = (bitmap[at] ?? 0) | 1 << (number & 7);
  }
  return bitmap;
}
