/** A bundle in parts, as `deno bundle --code-splitting` writes them: file name to minified module. */
export type Chunks = ReadonlyMap<string, string>;

interface Chunk {
  readonly name: string;
  /** Names of the chunks it needs before it runs, and what it takes from them: `a as b,c`. */
  readonly imports: readonly { readonly from: string; readonly names: string }[];
  readonly body: string;
  /** Names of the chunks that it imports when it comes to that. */
  readonly awaits: readonly string[];
  /** What others may take: `a as b,c`. */
  readonly exports: string;
}

const IMPORT = /^\s*import(?:\{([^}]*)\}from)?"\.\/([^"]+)";/;
const EXPORT = /export\{([^}]*)\};\s*$/;
const DYNAMIC_IMPORT = /\bimport\("\.\/([^"]+)"\)/g;

/** A bundle as one script: `start` runs at once and asks a function `F` for the text of a part by its name. */
export interface Script {
  readonly start: string;
  /** Texts of the parts that wait, by name. */
  readonly later: ReadonlyMap<string, string>;
}

/**
 * Where the parts that have run leave what they export, and what an `import()` becomes: evaluates what a part needs and the
 * part itself, one by one, for the memory that the engine reads a text in is free for the next one. Both names are
 * longer than any that the minifier gives.
 */
function registry(needs: Readonly<Record<string, readonly string[]>>): string {
  return `const $parts={},$needs=${JSON.stringify(needs)},` +
    "$import=(async k=>{for(const n of $needs[k])$parts[n]??=(0,eval)(F(n))($parts,$import);" +
    "return $parts[k]});";
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
  const parts = new Map([...chunks].map(([name, text]) => [name, readChunk(name, text)]));
  const first = inOrder(parts, main);
  const awaited = new Set([...parts.values()].flatMap(({ awaits }) => awaits));
  const later = new Map<string, string>();
  const needs: Record<string, readonly string[]> = {};
  for (const target of awaited) {
    const needed = inOrder(parts, target).filter((part) => !first.includes(part));
    for (const part of needed) later.set(part.name, laterText(part));
    needs[target] = needed.map(({ name }) => name);
  }
  const runs = first.map((part) =>
    `$parts[${quote(part.name)}]=${functionOf(part)}($parts,$import);`
  );
  return { start: `${registry(needs)}\n${runs.join("\n")}\n`, later };
}

function readChunk(name: string, text: string): Chunk {
  const imports: Chunk["imports"][number][] = [];
  let body = text;
  for (let match = IMPORT.exec(body); match !== null; match = IMPORT.exec(body)) {
    imports.push({ from: match[2] ?? "", names: match[1] ?? "" });
    body = body.slice(match[0].length);
  }
  const exports = EXPORT.exec(body);
  if (exports !== null) body = body.slice(0, exports.index);
  const awaits: string[] = [];
  body = body.replaceAll(DYNAMIC_IMPORT, (_, from) => {
    awaits.push(from);
    return `$import(${quote(from)})`;
  });
  if (/^\s*import\b|\bimport\.meta\b|[;}]export[ {*]/.test(body)) {
    throw new Error(`Cannot join bundle: ${name} imports or exports in an unknown way`);
  }
  return { name, imports, body, awaits, exports: exports?.[1] ?? "" };
}

/** A part and all it needs, each behind what it needs itself. */
function inOrder(parts: ReadonlyMap<string, Chunk>, main: string): readonly Chunk[] {
  const done: Chunk[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`Cannot join bundle: there is no part ${name}`);
    if (path.includes(name)) {
      throw new Error(`Cannot join bundle: ${[...path, name].join(" needs ")}`);
    }
    if (done.includes(part)) return;
    for (const { from } of part.imports) visit(from, [...path, name]);
    done.push(part);
  };
  visit(main, []);
  return done;
}

/** In parentheses, so that the engine compiles it at once and not once more when it is called. */
function functionOf(part: Chunk): string {
  const imports = part.imports.filter(({ names }) => names !== "").map(({ from, names }) =>
    `const{${renamed(names)}}=$parts[${quote(from)}];`
  );
  const exports = part.exports.split(",").filter((name) => name !== "").map((name) => {
    const [local, outside = local] = name.split(" as ");
    return `${outside}:${local}`;
  });
  return `(($parts,$import)=>{${imports.join("")}${part.body};return{${exports.join(",")}}})`;
}

function laterText(part: Chunk): string {
  return `"use strict";${functionOf(part)}\n//# sourceURL=ocirt/${part.name}`;
}

/** `a as b` of an import is `a:b` of a pattern. */
function renamed(names: string): string {
  return names.replaceAll(" as ", ":");
}

/** A string literal; JSON's are JavaScript's. */
function quote(text: string): string {
  return JSON.stringify(text);
}
