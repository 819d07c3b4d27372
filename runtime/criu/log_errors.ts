/** What every failed dump or restore ends with; the lines before it say why. */
const EMPTY_WORDS = /^(?:Dumping|Pre-dumping|Restoring) FAILED\.?$|^exited, status=\d+$/;

/** What it says of itself on hosts where nothing is wrong with that. */
const HARMLESS = /RLIMIT_NOFILE/;

/** A line of CRIU's own, of whatever level: `Warn  (criu/x.c:1): ...`. */
const OWN_LINE = /^(?:\([\d.]+\) )?(?:Error|Warn) +\([^)]*\):/;

/** How many lines are quoted. */
const MOST = 3;

/**
 * The last errors in the text of a log of CRIU's, without its times and places in its sources; what another line said
 * already is left out.
 */
export function logErrors(text: string): string[] {
  const found = new Set<string>();
  for (const line of text.split("\n")) {
    const said = /^(?:\([\d.]+\) )?\s*(?:(?:pie: )?\d+: )?Error \([^)]*\): ?(.*)$/.exec(line)?.[1];
    const words = said?.trim() ?? "";
    if (words !== "" && !EMPTY_WORDS.test(words) && !HARMLESS.test(words)) found.add(words);
  }
  return [...found].slice(-MOST);
}

/**
 * Why CRIU has failed, in the words that it wrote to its standard error: its own errors, or else the last line of
 * whoever else wrote there (the dynamic linker).
 */
export function spokenErrors(said: string): string[] {
  const errors = logErrors(said);
  if (errors.length > 0) return errors;
  const foreign = said.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !OWN_LINE.test(line));
  return foreign.slice(-1);
}
