import { type Node, parse } from "acorn";

/**
 * Rewrites a module so that the engine compiles all of its functions when it reads them.
 *
 * Left to itself, the engine skims a function when it reads the text and reads it again when it is first called. A program
 * that calls most of what it loads pays for that, and what is compiled at once is all that the engine keeps in its cache of
 * compiled code. It takes parentheses around a function for a sign that it is called at once. A declaration becomes a variable
 * that is set at the head of what it stands in, before all else, as declarations are. Methods have no form with
 * parentheses and stay as they are.
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
