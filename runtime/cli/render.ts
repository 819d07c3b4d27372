import type { OutlineItem, OutlineSection, Output } from "runtime/base/command.ts";

/** The text of an answer, as it goes to standard output. */
export function render(output: Output): string {
  switch (output.kind) {
    case "text":
      return output.text;
    case "json":
      return JSON.stringify(output.value, exact, output.indent) + (output.newline ? "\n" : "");
    case "table":
      return renderTable(output.header, output.rows);
    case "outline":
      return output.sections.map(renderSection).join("\n");
  }
}

/** Counters of the kernel have 64 bits, more than a number holds. */
function exact(_key: string, value: unknown): unknown {
  // Part of ECMAScript since 2025, and of the compiler's library not yet.
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}

const MIN_WIDTH = 12;
const PADDING = 3;

/** Columns as Go's tabwriter sets them with minwidth 12 and padding 3: runc's list. The last column is not filled up. */
function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) =>
    Math.max(MIN_WIDTH, ...lines.map((line) => width(line[column] ?? "") + PADDING))
  );
  return lines.map((line) =>
    line.map((cell, column) =>
      column === line.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell))
    ).join("") + "\n"
  ).join("");
}

/** Characters, not UTF-16 units. */
function width(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function renderSection({ title, numbered, items }: OutlineSection): string {
  const digits = String(items.length).length;
  const lines = items.flatMap((item, index) => {
    const mark = numbered ? `${String(index + 1).padStart(digits)}. ` : "- ";
    return [mark + line(item), ...children(item, " ".repeat(mark.length))];
  });
  return [title, ...lines].join("\n") + "\n";
}

function children(item: OutlineItem, margin: string): string[] {
  return (item.children ?? []).flatMap((child) => [
    margin + line(child),
    ...children(child, margin + "  "),
  ]);
}

function line({ text, note }: OutlineItem): string {
  return note === undefined || note === "" ? text : `${text}  [${note}]`;
}
