import { type Batching, inBatches } from "./batches.ts";

/** A bundle in parts, as `deno bundle --code-splitting` writes them: file name to minified module. */
export type Chunks = ReadonlyMap<string, string>;

/** A chunk taken apart. Chunks go by numbers, for their names are long and turn up often. */
interface Part {
  readonly id: number;
  /** The parts it needs before it runs, and what it takes from them: `a as b,c`. */
  readonly imports: readonly { readonly from: number; readonly names: string }[];
  readonly body: string;
  /** The parts that it imports when it comes to that. */
  readonly awaits: readonly number[];
  /** What others may take: `a as b,c`. */
  readonly exports: string;
}

const IMPORT = /^\s*import(?:\{([^}]*)\}from)?"\.\/([^"]+)";/;
const EXPORT = /export\{([^}]*)\};\s*$/;
const DYNAMIC_IMPORT = /\bimport\("\.\/([^"]+)"\)/g;

/**
 * A bundle as one script: `start` runs at once, asks a function `F` for the text of a batch by its number, and evaluates texts with
 * a function `E`.
 */
export interface Script {
  readonly start: string;
  /** Texts of the batches that wait, by number. */
  readonly later: ReadonlyMap<number, string>;
}

/**
 * Where the parts that have run leave what they export, and what an `import()` becomes: evaluates the batches that have not
 * been. The names are longer than any that the minifier gives. `E` evaluates a text, and knows it by its number again.
 */
function registry(needs: Batching["needs"]): string {
  const table = JSON.stringify(Object.fromEntries(needs));
  return `const $parts=[],$ran=[],$needs=${table},` +
    "$import=(async k=>{for(const i of $needs[k])if(!$ran[i]){$ran[i]=true;E(F(i),i)($parts,$import)}" +
    "return $parts[k]});";
}

/** A batch as one text: pieces that are joined when the program runs would be copied several times. */
function batchText(number: number, parts: readonly Part[]): string {
  const body = parts.map(textOf).join("");
  return `"use strict";(($parts,$import)=>{${body}})\n//# sourceURL=ocirt/${number}`;
}

/**
 * Joins the parts of a bundle into a script that evaluates a part when it is first imported.
 *
 * The engine parses all that it evaluates, function bodies that never run included: 200 KB take 6 ms. What
 * the main part needs in any case runs at once, everything else waits.
 *
 * Parts become functions and what they export is copied, so an exported variable must not change later.
 * @throws {Error} when a part has a form that the bundler has not been seen to write, or parts need each other
 */
export function joinChunks(chunks: Chunks, main: string): Script {
  const names = [...chunks.keys()];
  const parts = [...chunks].map(([name, text]) => readChunk(name, text, names));
  const first = inOrder(parts, [names.indexOf(main)], names);
  const targets = [...new Set(parts.flatMap(({ awaits }) => awaits))];
  const later = inOrder(parts, targets, names).filter((part) => !first.includes(part));
  const sized = later.map((part) => ({ ...part, size: textOf(part).length }));
  const { batches, needs } = inBatches(sized, targets);
  const texts = batches.map((batch, number) => {
    const its = later.filter(({ id }) => batch.includes(id));
    return [number, batchText(number, its)] as const;
  });
  return {
    start: `${registry(needs)}\n${first.map(textOf).join("")}`,
    later: new Map(texts),
  };
}

function readChunk(name: string, text: string, names: readonly string[]): Part {
  const idOf = (imported = ""): number => {
    const id = names.indexOf(imported);
    if (id < 0) throw new Error(`Cannot join bundle: there is no part ${imported}`);
    return id;
  };
  const imports: Part["imports"][number][] = [];
  let body = text;
  for (let match = IMPORT.exec(body); match !== null; match = IMPORT.exec(body)) {
    imports.push({ from: idOf(match[2]), names: match[1] ?? "" });
    body = body.slice(match[0].length);
  }
  const exports = EXPORT.exec(body);
  if (exports !== null) body = body.slice(0, exports.index);
  const awaits: number[] = [];
  body = body.replaceAll(DYNAMIC_IMPORT, (_, from) => {
    awaits.push(idOf(from));
    return `$import(${idOf(from)})`;
  });
  if (/^\s*import\b|\bimport\.meta\b|[;}]export[ {*]/.test(body)) {
    throw new Error(`Cannot join bundle: ${name} imports or exports in an unknown way`);
  }
  return { id: idOf(name), imports, body, awaits, exports: exports?.[1] ?? "" };
}

/** Parts and all they need, each behind what it needs itself. */
function inOrder(
  parts: readonly Part[],
  wanted: readonly number[],
  names: readonly string[],
): readonly Part[] {
  const done: Part[] = [];
  const visit = (id: number, path: readonly number[]): void => {
    const part = parts[id];
    if (part === undefined) throw new Error(`Cannot join bundle: there is no part ${id}`);
    if (path.includes(id)) {
      const circle = [...path, id].map((one) => names[one]);
      throw new Error(`Cannot join bundle: ${circle.join(" needs ")}`);
    }
    if (done.includes(part)) return;
    for (const { from } of part.imports) visit(from, [...path, id]);
    done.push(part);
  };
  for (const id of wanted) visit(id, []);
  return done;
}

/** Runs a part, in a function of its own, and keeps what it exports. */
function textOf(part: Part): string {
  const imports = part.imports.filter(({ names }) => names !== "").map(({ from, names }) =>
    `const{${renamed(names)}}=$parts[${from}];`
  );
  const exports = part.exports.split(",").filter((name) => name !== "").map((name) => {
    const [local, outside = local] = name.split(" as ");
    return `${outside}:${local}`;
  });
  const body = `${imports.join("")}${part.body};return{${exports.join(",")}}`;
  return `$parts[${part.id}]=(()=>{${body}})();\n`;
}

/** `a as b` of an import is `a:b` of a pattern. */
function renamed(names: string): string {
  return names.replaceAll(" as ", ":");
}
