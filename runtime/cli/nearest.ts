/**
 * The name most like `word`, or null when none is near enough to be a slip of the fingers.
 * Of equally near names one that `word` begins comes first.
 */
export function nearest(word: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = word.length <= 3 ? 2 : 3;
  for (const name of names) {
    const distance = editDistance(word, name) - (name.startsWith(word) ? 0.5 : 0);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** How many letters must be put in, taken out or replaced (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
