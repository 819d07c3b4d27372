import type { IsCalled } from "./eager.ts";
import { run } from "./run.ts";

/** What V8 writes of one script (the Chrome DevTools protocol's `Profiler.ScriptCoverage`). */
interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly endOffset: number;
      readonly count: number;
    }[];
  }[];
}

/** Of a part of which less than this is called, other commands than the dry run's call the rest. */
const SHARE_THAT_TELLS = 0.1;

/**
 * Runs the program's `explain`, which does all that `create` does in a process of its own and touches nothing, and gives for
 * each part of the bundle which of its functions are called.
 *
 * @param folder the bundle; the main part is `main.js`
 * @throws {Error} when it fails
 */
export async function dryRun(folder: string): Promise<(part: string) => IsCalled> {
  const [program, bundle, coverage] = [`${folder}/main.js`, `${folder}/dry`, `${folder}/coverage`];
  const runProgram = (options: readonly string[], command: string): Promise<string> =>
    run(Deno.execPath(), [
      ...["run", "-A", "--no-config", ...options, program, command, "--bundle", bundle],
    ]);
  await Deno.mkdir(`${bundle}/rootfs`, { recursive: true });
  await runProgram([], "spec");
  await runProgram([`--coverage=${coverage}`], "explain");
  const parts = new Map<string, IsCalled>();
  for await (const { name } of Deno.readDir(coverage)) {
    const script = JSON.parse(await Deno.readTextFile(`${coverage}/${name}`)) as ScriptCoverage;
    parts.set(script.url.slice(script.url.lastIndexOf("/") + 1), calledIn(script));
  }
  return (part) => parts.get(part) ?? EVERY;
}

const EVERY: IsCalled = () => true;

/** A part's first function is the part itself. */
function calledIn({ functions: [, ...functions] }: ScriptCoverage): IsCalled {
  const called = new Set<string>();
  for (const { ranges: [whole] } of functions) {
    if (whole !== undefined && whole.count > 0) {
      called.add(`${whole.startOffset} ${whole.endOffset}`);
    }
  }
  if (called.size < functions.length * SHARE_THAT_TELLS) return EVERY;
  return (start, end) => called.has(`${start} ${end}`);
}
