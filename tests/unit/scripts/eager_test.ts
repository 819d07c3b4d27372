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

Deno.test("compileEagerly() leaves methods and the declarations of a block where they are", () => {
  const texts = [
    "class C{m(){}static s(){}get x(){return 1}#p(){}}",
    "var o={m(){},async a(){},get x(){return 1}};",
    "if(a){function f(){}f()}",
  ];
  for (const text of texts) assertEquals(compileEagerly(text), text);
});

Deno.test("compileEagerly() keeps directives in front", () => {
  assertEquals(
    compileEagerly('var f=()=>{"use strict";return g();function g(){}};'),
    'var f=(()=>{"use strict";var g=(function g(){});return g();;});',
  );
});
