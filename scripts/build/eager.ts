import { type Node, parse } from "acorn";

/**
 * Rewrites a module so that the engine compiles all of its functions when it reads them.
 *
 * Left to itself, the engine skims a function when it reads the text and reads it again when it is first called. A program
 * that calls most of what it loads pays for that, and what is compiled at once is all that the engine keeps in its cache of
 * compiled code. It takes parentheses around a function for a sign that it is called at once. A declaration becomes a variable
 * that is set at the head of what it stands in, before all else, as declarations are. A method has no form with
 * parentheses and becomes a property that is set when the class is made, in a static block, where private names are known;
 * private methods stay as they are, and so does what uses `super`.
 *
 * @throws {SyntaxError} when the text is no module
 */
export function compileEagerly(module: string): string {
  return rewritten(parse(module, { ecmaVersion: "latest", sourceType: "module" }), module);
}

/** Something to put for a piece of the text; where `from` is `to`, nothing is taken out. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The text of a node, which is a function or the whole module, with the functions in it rewritten. */
function rewritten(node: Node, source: string): string {
  const edits: Edit[] = [];
  const variables: string[] = [];
  const block = node.type === "Program" ? node : propertyOf(node, "body");
  const visit = (child: Node, parent: Node): void => {
    const property = methodAsProperty(child, source);
    if (property !== null) {
      return void edits.push({ ...property, from: child.start, to: child.end });
    }
    if (!isFunction(child)) return forEachChild(child, visit);
    const { start: from, end: to } = child;
    const text = rewritten(child, source);
    const isDeclaration = child.type === "FunctionDeclaration";
    const stays = isDeclaration ? parent !== block : isMethod(child, source);
    if (isDeclaration && !stays) variables.push(`${nameOf(child, source)}=(${text})`);
    edits.push({ from, to, text: stays ? text : isDeclaration ? ";" : `(${text})` });
  };
  forEachChild(node, visit);
  if (variables.length > 0 && isNode(block)) {
    const head = headOf(block);
    edits.push({ from: head, to: head, text: `var ${variables.join(",")};` });
  }
  return edited(node, edits, source);
}

/** A method of an object or a class as a property that is set; null where it must stay, and for everything else. */
function methodAsProperty(node: Node, source: string): { readonly text: string } | null {
  const [key, method] = [propertyOf(node, "key"), propertyOf(node, "value")];
  if (!isNode(key) || !isNode(method) || !isMethod(method, source)) return null;
  const { type } = node;
  if (propertyOf(node, "kind") === "constructor" || key.type === "PrivateIdentifier") return null;
  const isGetter = propertyOf(node, "kind") === "get";
  const isPlain = propertyOf(node, "method") === true || propertyOf(node, "kind") === "method";
  const isOther = propertyOf(method, "async") === true || propertyOf(method, "generator") === true;
  if (!(isGetter || isPlain) || isOther || usesSuper(method)) return null;
  const name = source.slice(key.start, key.end);
  const text = `(function${rewritten(method, source)})`;
  if (type === "Property") {
    const shown = propertyOf(node, "computed") === true ? `[${name}]` : name;
    return isGetter ? null : { text: `${shown}:${text}` };
  }
  const owner = propertyOf(node, "static") === true ? "this" : "this.prototype";
  const isName = key.type === "Identifier" && propertyOf(node, "computed") !== true;
  const quoted = isName ? JSON.stringify(name) : name;
  if (!isGetter) return { text: `static{${owner}[${quoted}]=${text}}` };
  return { text: `static{Object.defineProperty(${owner},${quoted},{get:${text}})}` };
}

function usesSuper(node: Node): boolean {
  let found = node.type === "Super";
  forEachChild(node, (child) => found ||= usesSuper(child));
  return found;
}

function forEachChild(node: Node, visit: (child: Node, parent: Node) => void): void {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, node);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isFunction({ type }: Node): boolean {
  return type === "FunctionDeclaration" || type === "FunctionExpression" ||
    type === "ArrowFunctionExpression";
}

/** The parser's types have a name for each kind of node; what is asked for here is the same in all that have it. */
function propertyOf(node: Node, name: string): unknown {
  return (node as unknown as Readonly<Record<string, unknown>>)[name];
}

/** To the parser a method is a name and a function without the word. */
function isMethod({ type, start }: Node, text: string): boolean {
  return type === "FunctionExpression" && text[start] === "(";
}

function nameOf(declaration: Node, text: string): string {
  const id = propertyOf(declaration, "id");
  return isNode(id) ? text.slice(id.start, id.end) : "";
}

/** Behind the imports of a module and the directives of a function ("use strict"). */
function headOf(block: Node): number {
  const statements = propertyOf(block, "body");
  let head = block.type === "Program" ? block.start : block.start + 1;
  for (const statement of Array.isArray(statements) ? statements : []) {
    const stays = statement.type === "ImportDeclaration" || statement.directive !== undefined;
    if (!stays) break;
    head = statement.end;
  }
  return head;
}

function edited({ start, end }: Node, edits: Edit[], text: string): string {
  let result = "";
  let at = start;
  for (const edit of edits.sort((a, b) => a.from - b.from)) {
    result += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return result + text.slice(at, end);
}
