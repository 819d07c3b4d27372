// npm's deno-std carries the @std modules as plain JavaScript; the declarations beside this file give them types.
// @ts-types="./cli_parse_args.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
