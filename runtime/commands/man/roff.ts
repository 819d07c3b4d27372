/** Text as roff shows it, letter by letter: man(7). The typewriter's quotes and dashes would become typographic ones. */
export function roffText(text: string): string {
  const escaped = text.replaceAll(/[\\\-'`~^]/g, (found) => ESCAPES[found] ?? found);
  // Such a line would be taken for a request.
  return escaped.replaceAll(/^(?=[.])/gm, "\\&");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "~": "\\(ti",
  "^": "\\(ha",
};

/** Words in bold: what is typed as it stands. */
export function bold(text: string): string {
  return `\\fB${roffText(text)}\\fP`;
}

/** Words in italics: what something else is put in the place of. */
export function italic(text: string): string {
  return `\\fI${roffText(text)}\\fP`;
}

/** A section with its lines of roff. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
}

/** A term of roff, and a text that explains it. */
export function tagged(term: string, text: string): string[] {
  return [".TP", term, roffText(text)];
}

/** Paragraphs with empty lines between them; those that are indented keep their lines. */
export function paragraphs(text: string): string[] {
  return text.split("\n\n").flatMap((paragraph, index) => {
    if (paragraph.startsWith("    ")) {
      const lines = paragraph.split("\n").map((line) => roffText(line.slice(4)));
      return [".PP", ".in +4n", ".EX", ...lines, ".EE", ".in"];
    }
    return [...index === 0 ? [] : [".PP"], ...paragraph.split("\n").map(roffText)];
  });
}

/** The first line of a page: its name, section 8, and of what it is a part. */
export function titleLine(name: string, source: string): string {
  return `.TH ${roffText(name.toUpperCase())} 8 "" "${source}" "System Manager\\(aqs Manual"`;
}
