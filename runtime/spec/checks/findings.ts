import type { Problem } from "runtime/base/errors.ts";

/** What the checks of one file have found so far. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: string[] = [];

  /** Notes something that makes the file unusable. `path` is a JSON pointer. */
  problem(path: string, text: string): void {
    this.problems.push({ path, text });
  }

  /** Notes something that a person should know, and that does not stop the container. */
  warn(path: string, text: string): void {
    this.warnings.push(`${path}: ${text}`);
  }
}
