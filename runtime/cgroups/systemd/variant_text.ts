/** A value as an annotation gives it, and its D-Bus signature. */
export interface TypedValue {
  readonly type: string;
  readonly value: unknown;
}

/** Why a text is no value. */
export class VariantTextError extends Error {
  override readonly name = "VariantTextError";
}

/** The words for types, and their signatures. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["boolean", "b"],
  ["byte", "y"],
  ["int16", "n"],
  ["uint16", "q"],
  ["int32", "i"],
  ["uint32", "u"],
  ["handle", "h"],
  ["int64", "x"],
  ["uint64", "t"],
  ["double", "d"],
  ["string", "s"],
  ["objectpath", "o"],
  ["signature", "g"],
]);

/** Bits of the integer types, negative for those with a sign. */
const BITS: ReadonlyMap<string, number> = new Map([
  ["y", 8],
  ["n", -16],
  ["q", 16],
  ["i", -32],
  ["u", 32],
  ["h", 32],
  ["x", -64],
  ["t", 64],
]);

const TOKEN =
  /\s*(?:(b?'(?:[^'\\]|\\.)*'|b?"(?:[^"\\]|\\.)*")|(@[a-z()]+)|([[\],])|([^\s[\],'"@]+))/gy;

/**
 * Reads the text form of GVariant as far as properties of units need it: `true`, `5`, `uint64 5`, `'text'`, `b'bytes'`,
 * `['a', 'b']`, `@as []`.
 *
 * @throws {VariantTextError}
 */
export function parseVariantText(text: string): TypedValue {
  const reader = new Reader(tokensOf(text));
  const value = reader.value("");
  reader.end();
  return value;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    tokens.push(match[0].trim());
    at = match.index + match[0].length;
  }
  if (text.slice(at).trim() !== "") {
    throw new VariantTextError(`unexpected input ${JSON.stringify(text.slice(at))}`);
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** @param wanted a signature; "" for whatever the text is */
  value(wanted: string): TypedValue {
    const token = this.#next();
    const word = token.startsWith("@") ? token.slice(1) : WORDS.get(token);
    if (word !== undefined) return this.value(word);
    if (token === "[") return this.#list(wanted);
    if (/^b['"]/.test(token)) return byteString(token, wanted);
    if (/^['"]/.test(token)) return string(token, wanted);
    return scalar(token, wanted);
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw unexpected(this.#tokens[this.#at] ?? "");
  }

  #list(wanted: string): TypedValue {
    if (wanted !== "" && !wanted.startsWith("a")) throw unexpected("[");
    let element = wanted.slice(1);
    const values: unknown[] = [];
    while (this.#tokens[this.#at] !== "]") {
      if (values.length > 0 && this.#next() !== ",") throw new VariantTextError("missing comma");
      const { type, value } = this.value(element);
      element = type;
      values.push(value);
    }
    this.#at++;
    if (element === "") throw new VariantTextError("the type of an empty list is unknown");
    return { type: `a${element}`, value: values };
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new VariantTextError("unexpected end of input");
    return token;
  }
}

function scalar(token: string, wanted: string): TypedValue {
  if (token === "true" || token === "false") return expect("b", wanted, token === "true");
  if (!/^[+-]?(?:0[xX][\da-fA-F]+|[\d.]+(?:[eE][+-]?\d+)?)$/.test(token)) throw unexpected(token);
  const isWhole = /^[+-]?(?:0[xX][\da-fA-F]+|\d+)$/.test(token);
  const type = wanted === "" ? isWhole ? "i" : "d" : wanted;
  if (type === "d" && Number.isFinite(Number(token))) return { type, value: Number(token) };
  const bits = BITS.get(type);
  if (bits === undefined || !isWhole) throw unexpected(token);
  const number = wholeNumber(token);
  const [low, high] = bits < 0
    ? [-(2n ** BigInt(-bits - 1)), 2n ** BigInt(-bits - 1) - 1n]
    : [0n, 2n ** BigInt(bits) - 1n];
  if (number < low || number > high) throw new VariantTextError(`${token} is out of range`);
  return { type, value: Math.abs(bits) === 64 ? number : Number(number) };
}

function wholeNumber(token: string): bigint {
  const digits = token.replace(/^[+-]/, "");
  // A leading zero means base 8, as in C.
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return token.startsWith("-") ? -value : value;
}

function string(token: string, wanted: string): TypedValue {
  const type = wanted === "" ? "s" : wanted;
  if (type !== "s" && type !== "o" && type !== "g") throw unexpected(token);
  return { type, value: unquote(token) };
}

function byteString(token: string, wanted: string): TypedValue {
  const bytes = new TextEncoder().encode(`${unquote(token.slice(1))}\0`);
  return expect("ay", wanted, [...bytes]);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unquote(token: string): string {
  return token.slice(1, -1).replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|(.))/gs,
    (_, four?: string, eight?: string, octal?: string, letter = "") => {
      const hex = four ?? eight;
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      return ESCAPES[letter] ?? letter;
    },
  );
}

function expect(type: string, wanted: string, value: unknown): TypedValue {
  if (wanted !== "" && wanted !== type) {
    throw new VariantTextError(`a value of type ${type} where one of type ${wanted} is wanted`);
  }
  return { type, value };
}

function unexpected(token: string): VariantTextError {
  return new VariantTextError(`unexpected ${JSON.stringify(token)}`);
}
