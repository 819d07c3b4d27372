import { Box } from "tests/fuzz/box.ts";
import { containerKind } from "tests/fuzz/container_kind.ts";
import { stateKind } from "tests/fuzz/state_kind.ts";
import { randomOf } from "tests/fuzz/kind.ts";
Deno.mkdirSync("/tmp/fz");
const [which, n, seed, only] = Deno.args;
const box = new Box("/tmp/fz/box");
const k: any = which === "container" ? containerKind(box) : stateKind(box);
const t = performance.now();
const rules = new Map<string, number>();
let ok = 0;
for (let i = Number(only ?? 0); i < (only ? Number(only) + 1 : Number(n)); i++) {
  const input = k.generate(randomOf(which!, Number(seed ?? 1), i));
  const a = performance.now();
  let f: any;
  try {
    f = k.run(input);
  } catch (e) {
    console.log("THROW", i, JSON.stringify(input).slice(0, 1500));
    throw e;
  }
  const d = performance.now() - a;
  if (d > 2000) console.log("slow", i, Math.round(d));
  if (only) console.log(JSON.stringify(input).slice(0, 3000));
  if (f) {
    const key = f.rule + " " + f.text.slice(0, 80);
    rules.set(key, (rules.get(key) ?? 0) + 1);
    if (rules.get(key) === 1 && rules.size < 40) console.log(i, f.rule, "|", f.text.slice(0, 1200));
  }
}
console.log(
  (performance.now() - t) / Number(n),
  "ms each",
  rules.size,
  "distinct",
  [...rules.values()].reduce((a, b) => a + b, 0),
);

console.log(String(k.ends));
