import { assertEquals } from "@std/assert";
import { compileEagerly } from "scripts/build/eager.ts";

const EVERY = (): boolean => true;

Deno.test("compileEagerly() puts called functions in parentheses, declarations first, inner ones too", () => {
  assertEquals(
    compileEagerly(
      "import{a}from'./a.js';g();function g(b){return()=>b}var h=function(){};",
      EVERY,
    ),
    "import{a}from'./a.js';var g=(function g(b){return(()=>b)});g();;var h=(function(){});",
  );
});

Deno.test("compileEagerly() leaves functions alone that are not called", () => {
  const text = "function f(){}var g=()=>f(),h=()=>g();";
  const isH = (start: number, end: number): boolean => text.slice(start, end) === "()=>g()";
  assertEquals(compileEagerly(text, isH), "function f(){}var g=()=>f(),h=(()=>g());");
});

Deno.test("compileEagerly() leaves methods and the declarations of a block where they are", () => {
  const texts = [
    "class C{m(){}static s(){}get x(){return 1}#p(){}}",
    "var o={m(){},async a(){},get x(){return 1}};",
    "if(a){function f(){}f()}",
  ];
  for (const text of texts) assertEquals(compileEagerly(text, EVERY), text);
});

Deno.test("compileEagerly() keeps directives in front", () => {
  assertEquals(
    compileEagerly('var f=()=>{"use strict";return g();function g(){}};', EVERY),
    'var f=(()=>{"use strict";var g=(function g(){});return g();;});',
  );
});
