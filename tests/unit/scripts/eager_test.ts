import { assertEquals } from "@std/assert";
import { compileEagerly } from "scripts/build/eager.ts";

Deno.test("compileEagerly() puts functions in parentheses, declarations first, inner ones too", () => {
  assertEquals(
    compileEagerly(
      "import{a}from'./a.js';g();function g(b){return()=>b}var h=function(){};",
    ),
    "import{a}from'./a.js';var g=(function g(b){return(()=>b)});g();;var h=(function(){});",
  );
});

Deno.test("compileEagerly() leaves the declarations of a block, and methods that cannot be properties, as they are", () => {
  const texts = [
    "class C{constructor(){}#p(){}async a(){}*g(){}set x(v){}}",
    "class D extends C{m(){super.m()}get x(){return super.x}}",
    "var o={async a(){},get x(){return 1}};",
    "if(a){function f(){}f()}",
  ];
  for (const text of texts) assertEquals(compileEagerly(text), text);
});

Deno.test("compileEagerly() makes methods properties that do the same", () => {
  const text =
    "class C{#p=1;m(a){return()=>a+this.#p}static s(){return this.name}get x(){return 3}" +
    "set x(v){this.#p=v}[Symbol.iterator](){return [5].values()}'a b'(){return 6}}" +
    "var o={m(){return 7},['n'](){return 8}},c=new C,before=c.m(1)();c.x=10;" +
    "seen=[before,c.m(1)(),C.s(),c.x,...c,c['a b'](),o.m(),o.n()].join()";
  const eager = compileEagerly(text);
  const run = (source: string): unknown => new Function(`var seen;${source};return seen`)();
  assertEquals(run(eager), "2,11,C,3,5,6,7,8");
  assertEquals(run(eager), run(text));
  assertEquals(eager.includes("m:(function()"), true, eager);
});

Deno.test("compileEagerly() keeps directives in front", () => {
  assertEquals(
    compileEagerly('var f=()=>{"use strict";return g();function g(){}};'),
    'var f=(()=>{"use strict";var g=(function g(){});return g();;});',
  );
});
