// npm's deno-std carries the @std modules as plain JavaScript; the declarations beside this file give them types.
// @ts-types="./assert.d.ts"
export {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "npm:deno-std@1.4.0/assert/mod.js";
