// npm's deno-std carries the @std modules as plain JavaScript; the declarations beside this file give them types.
// @ts-types="./path_posix.d.ts"
export { basename } from "npm:deno-std@1.4.0/path/posix/basename.js";
// @ts-types="./path_posix.d.ts"
export { dirname } from "npm:deno-std@1.4.0/path/posix/dirname.js";
// @ts-types="./path_posix.d.ts"
export { isAbsolute } from "npm:deno-std@1.4.0/path/posix/is_absolute.js";
// @ts-types="./path_posix.d.ts"
export { join } from "npm:deno-std@1.4.0/path/posix/join.js";
// @ts-types="./path_posix.d.ts"
export { normalize } from "npm:deno-std@1.4.0/path/posix/normalize.js";
// @ts-types="./path_posix.d.ts"
export { resolve } from "npm:deno-std@1.4.0/path/posix/resolve.js";
