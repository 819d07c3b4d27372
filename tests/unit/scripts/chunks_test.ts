import { assertEquals, assertThrows } from "@std/assert";
import { joinChunks, type Script } from "scripts/build/chunks.ts";

type Log = string[];

/** Runs a script the way the build has it run, with a global log. */
async function runScript({ start, later }: Script): Promise<{ log: Log; fetched: number[] }> {
  const [log, fetched]: [Log, number[]] = [[], []];
  const fetch = (id: number): string => {
    fetched.push(id);
    return later.get(id) ?? "";
  };
  const globals = globalThis as { log?: Log };
  globals.log = log;
  new Function("F", "E", start)(fetch, eval);
  // The dynamic import has two turns to take.
  for (let i = 0; i < 5; i++) await Promise.resolve();
  delete globals.log;
  return { log, fetched };
}

const CHUNKS = new Map([
  [
    "main.js",
    'import{a as s}from"./base.js";s("main");import("./late.js").then(({run:r})=>r());var n,i,M,F,T,k;',
  ],
  ["base.js", 'function t(x){log.push(x)}t("base");export{t as a};\n'],
  [
    "late.js",
    'import{b as o,c}from"./deep.js";import{a as s}from"./base.js";s(o+c);var r=()=>s("run"),n=1,i=2,M,F,T,k;export{r as run};',
  ],
  ["deep.js", 'import"./base.js";log.push("deep");var x="o",c="c";export{x as b,c};'],
  ["unused.js", 'log.push("unused");'],
]);

/** The number of the only batch. */
const LATE = 0;

Deno.test("joinChunks() runs every part once, and a part that is imported later when it is", async () => {
  const { log, fetched } = await runScript(joinChunks(CHUNKS, "main.js"));
  assertEquals(log, ["base", "main", "deep", "oc", "run"]);
  assertEquals(fetched, [LATE]);
});

Deno.test("joinChunks() keeps texts that wait out of what runs at once, and leaves out what nothing imports", () => {
  const { start, later } = joinChunks(CHUNKS, "main.js");
  assertEquals(start.includes('push("deep")'), false);
  assertEquals([...later.keys()], [LATE]);
});

Deno.test("joinChunks() refuses what it would run wrongly", () => {
  const join = (text: string): () => unknown => () => joinChunks(new Map([["m.js", text]]), "m.js");
  assertThrows(join('import x from"./y.js";'), Error, "in an unknown way");
  assertThrows(join("var a=1;export default a;"), Error, "in an unknown way");
  assertThrows(join("f(import.meta.url);"), Error, "in an unknown way");
  assertThrows(join('import{a}from"./y.js";'), Error, "there is no part y.js");
  assertThrows(join('import"./m.js";'), Error, "m.js needs m.js");
});
