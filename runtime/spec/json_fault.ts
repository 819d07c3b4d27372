/** Where a text stops being JSON. */
export interface JsonFault {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in characters of the line (UTF-16 units). */
  readonly column: number;
  /** What was found and what would have been right. */
  readonly text: string;
}

/** Nesting that is taken for an attack or a mistake; Go's decoder has the same limit. */
const DEEPEST = 10_000;

const LITERAL = /(?:true|false|null)(?![A-Za-z0-9_])/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.+-])/y;
// deno-lint-ignore no-control-regex -- JSON allows no control character inside a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const ESCAPE = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;
const SPACE = /[ \t\n\r]*/y;

/**
 * Finds the first place where a text is not JSON (RFC 8259). Meant for texts that JSON.parse has refused: engines word their
 * errors differently from version to version, and name no place in some of them.
 *
 * @returns null when the text is JSON
 */
export function findJsonFault(text: string): JsonFault | null {
  const scanner = new Scanner(text);
  return scanner.run() ? null : locate(text, scanner.at, scanner.fault);
}

function locate(text: string, at: number, fault: string): JsonFault {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: at - lineStart + 1, text: fault };
}

/** What may come next. `first...` also allows the bracket to close at once. */
type Expected =
  | "value"
  | "firstValue"
  | "name"
  | "firstName"
  | "separator"
  | "end"
  | "nothing";

/** A state machine and no recursive descent, so that deep nesting is an answer and no crash. */
class Scanner {
  at = 0;
  fault = "";
  readonly #text: string;
  /** The closing brackets still owed, innermost last. */
  readonly #open: ("}" | "]")[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** False when there is a fault; `at` and `fault` then say where and what. */
  run(): boolean {
    let expected: Expected = "value";
    while (expected !== "end" && expected !== "nothing") {
      this.#skip(SPACE);
      expected = this.#step(expected);
    }
    return expected === "end";
  }

  #step(expected: Exclude<Expected, "end" | "nothing">): Expected {
    switch (expected) {
      case "firstValue":
        return this.#take("]") ? this.#close() : this.#value();
      case "value":
        return this.#value();
      case "firstName":
        return this.#take("}") ? this.#close() : this.#name();
      case "name":
        return this.#name();
      case "separator":
        return this.#separator();
    }
  }

  #value(): Expected {
    if (this.#take("{")) return this.#enter("}", "firstName");
    if (this.#take("[")) return this.#enter("]", "firstValue");
    if (this.#skip(STRING) || this.#skip(NUMBER) || this.#skip(LITERAL)) return "separator";
    if (this.#text[this.at] === '"') return this.#badString();
    return this.#fail(`expected a value, but found ${this.#here()}`);
  }

  #enter(close: "}" | "]", expected: Expected): Expected {
    if (this.#open.push(close) <= DEEPEST) return expected;
    this.at--;
    return this.#fail(`nested deeper than ${DEEPEST} levels`);
  }

  #close(): Expected {
    this.#open.pop();
    return "separator";
  }

  #name(): Expected {
    if (!this.#skip(STRING)) {
      if (this.#text[this.at] === '"') return this.#badString();
      return this.#fail(`expected a name in double quotes, but found ${this.#here()}`);
    }
    this.#skip(SPACE);
    return this.#take(":") ? "value" : this.#fail(`expected ":", but found ${this.#here()}`);
  }

  #separator(): Expected {
    const close = this.#open.at(-1);
    if (close === undefined) {
      if (this.at === this.#text.length) return "end";
      return this.#fail(`${this.#here()} follows the end of the document`);
    }
    if (this.#take(close)) return this.#close();
    if (this.#take(",")) return close === "}" ? "name" : "value";
    return this.#fail(`expected "," or "${close}", but found ${this.#here()}`);
  }

  /** Moves to what is wrong inside the string that starts here. */
  #badString(): Expected {
    for (this.at++; this.at < this.#text.length; this.at++) {
      const code = this.#text.charCodeAt(this.at);
      if (code < 0x20) return this.#fail(`a string holds ${this.#here()} unescaped`);
      if (code !== 0x5c) continue;
      if (!ESCAPE.test(this.#text.slice(this.at, this.at + 6))) {
        const escape = JSON.stringify(this.#text.slice(this.at, this.at + 2));
        return this.#fail(`a string has the unknown escape ${escape}`);
      }
      this.at++;
    }
    return this.#fail("a string has no closing quote");
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  #take(character: string): boolean {
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  #here(): string {
    const point = this.#text.codePointAt(this.at);
    return point === undefined
      ? "the end of the file"
      : JSON.stringify(String.fromCodePoint(point));
  }

  #fail(fault: string): "nothing" {
    this.fault = fault;
    return "nothing";
  }
}
