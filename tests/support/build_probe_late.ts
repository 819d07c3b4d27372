import { processInfo } from "runtime/host/process_info.ts";

/** Writes the report to the file that the first argument names, and ends with a status of its own. */
export function finish(report: unknown): never {
  Deno.writeTextFileSync(processInfo().argv[0] ?? "", JSON.stringify(report));
  Deno.exit(7);
}
