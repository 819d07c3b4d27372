export interface ParseOptions {
  readonly "--"?: boolean;
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly collect?: readonly string[];
}
export interface ParsedArgs {
  readonly _: readonly (string | number)[];
  readonly "--"?: readonly string[];
  readonly [flag: string]: unknown;
}
export function parseArgs(args: readonly string[], options?: ParseOptions): ParsedArgs;
