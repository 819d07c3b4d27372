import type { Random } from "tests/support/random.ts";

type Damage = (text: string, random: Random) => string;

/** What lies between two characters of a text is put there, and up to two of its characters are taken away. */
function insert(piece: string): Damage {
  return (text, random) => {
    const at = random.below(text.length + 1);
    return text.slice(0, at) + piece + text.slice(at + random.below(3));
  };
}

/** The same behind a property's colon, so that the rest stays JSON more often. */
function asValue(piece: string): Damage {
  return (text, random) => {
    const colons = [...text.matchAll(/":/g)];
    const at = (colons[random.below(colons.length)]?.index ?? 0) + 2;
    return `${text.slice(0, at)}${piece},"x":${text.slice(at)}`;
  };
}

/** Bytes that are no UTF-8 are U+DC80 to U+DCFF, as in syscalls/abi/text.ts. */
const DAMAGES: readonly [Damage, ...Damage[]] = [
  insert("\udcff"),
  insert("\udcc0\udc80"),
  insert("\udced\udca0\udc80"),
  insert("\0"),
  insert("\x07"),
  insert("\\ud800"),
  insert("\\u0000"),
  insert("{"),
  insert("]"),
  insert(","),
  insert('"'),
  insert("\\"),
  insert("//"),
  insert(" ".repeat(3000)),
  asValue("[".repeat(200_000)),
  asValue('{"a":'.repeat(20_000)),
  asValue("[".repeat(9000) + "]".repeat(9000)),
  asValue('"\\ud800"'),
  asValue("1e999"),
  asValue("-0"),
  asValue("00"),
  asValue("9".repeat(5000)),
  asValue(`"${"x".repeat(300_000)}"`),
  (text) => `\ufeff${text}`,
  (text) => `${text}${text}`,
  (text) => text.replace("{", '{"ociVersion":"9.9.9","linux":{},'),
  (text) => text.replace(/}\s*$/, ',"process":null,"root":{"path":"/x"}}'),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  () => "",
  () => "null",
  () => '"x"',
  () => "[]",
];

/** A JSON text, damaged in one place. */
export function damageText(text: string, random: Random): string {
  return random.pick(DAMAGES)(text, random);
}
