import type { Finding, Section } from "runtime/lifecycle/info.ts";

/** The answers for people: a section each, its answers in two columns. */
export function infoText(sections: readonly Section[]): string {
  const width = Math.max(...sections.flatMap(({ findings }) => findings.map(widthOf)));
  return sections.map(({ title, findings }) =>
    `${title}\n${findings.map((finding) => lines(finding, width)).join("")}`
  ).join("\n");
}

function widthOf({ title }: Finding): number {
  return title.length;
}

function lines(finding: Finding, width: number): string {
  const margin = " ".repeat(width + 4);
  const { effect, hint } = finding;
  return [
    `  ${finding.title.padEnd(width)}  ${answer(finding)}`,
    ...effect === null ? [] : [`${margin}so: ${effect}`],
    ...hint === null ? [] : [`${margin}hint: ${hint}`],
  ].map((line) => `${line}\n`).join("");
}

function answer({ available, value, reason }: Finding): string {
  const shown = value === null ? null : Array.isArray(value) ? value.join(", ") : String(value);
  if (available === true) return shown ?? "yes";
  if (available === false) return [shown === null ? "no" : `only ${shown}`, reason].join(": ");
  return shown ?? `unknown: ${reason}`;
}

/** The same for programs: by the names of section and answer; what there is nothing to say of is left out. */
export function infoDocument(sections: readonly Section[]): unknown {
  return Object.fromEntries(sections.map(({ name, findings }) => [
    name,
    Object.fromEntries(findings.map(({ name, title: _forPeople, ...rest }) => [
      name,
      Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
    ])),
  ]));
}
