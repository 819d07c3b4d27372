import { HostError } from "runtime/base/errors.ts";

/** The files of a container's cgroups of one version, by their names, which no two controllers share. */
export interface StatFiles {
  readonly names: ReadonlySet<string>;
  /** The text of a file; "" for one that is not there. */
  read(name: string): string;
}

/** What the kernel calls no limit, and runc's callers know by this number. */
export const UNLIMITED = 2n ** 64n - 1n;

/** The number that a file holds; 0 for no file. */
export function amountIn(files: StatFiles, name: string): bigint {
  const text = files.read(name).trim();
  return text === "" ? 0n : amount(text, name);
}

/** A number that may be below 0. */
export function signedIn(files: StatFiles, name: string): bigint {
  const text = files.read(name).trim();
  if (!/^-?\d*$/.test(text) || text === "-") throw damaged(text, name);
  return BigInt(text);
}

/** The lines `KEY NUMBER` of a file. */
export function tableIn(files: StatFiles, name: string): Map<string, bigint> {
  const table = new Map<string, bigint>();
  for (const line of linesIn(files, name)) {
    const space = line.indexOf(" ");
    if (space <= 0) throw damaged(line, name);
    table.set(line.slice(0, space), amount(line.slice(space + 1), name));
  }
  return table;
}

/** Numbers with white space between them. */
export function amountsIn(files: StatFiles, name: string): bigint[] {
  return files.read(name).split(/\s+/).filter((word) => word !== "")
    .map((word) => amount(word, name));
}

/** A list as of CPUs: `0-3,8`. */
export function rangesIn(files: StatFiles, name: string): number[] {
  const found: number[] = [];
  const text = files.read(name).trim();
  for (const part of text === "" ? [] : text.split(",")) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first === undefined) throw damaged(text, name);
    for (let number = Number(first); number <= Number(last); number++) found.push(number);
  }
  return found;
}

export function linesIn(files: StatFiles, name: string): string[] {
  return files.read(name).split("\n").filter((line) => line !== "");
}

/** A counter of the kernel's may be below 0 for a moment, which counts as nothing (runc does so too). */
export function amount(text: string, name: string): bigint {
  if (text === "max") return UNLIMITED;
  if (!/^-?\d+$/.test(text)) throw damaged(text, name);
  return text.startsWith("-") ? 0n : BigInt(text);
}

function damaged(text: string, name: string): HostError {
  return new HostError(`Cannot read cgroup file ${name}: ${JSON.stringify(text)} is no number`);
}
