import { assert, assertEquals } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { sleeper } from "tests/support/running.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

const MANY = 1000;

/** Cgroups beside the test's containers, in every tree. */
function addCgroups(stage: Stage): void {
  for (const { mountpoint } of hostLayout().hierarchies) {
    for (let i = 0; i < MANY; i++) Deno.mkdirSync(`${mountpoint}${stage.cgroup}/other${i}`);
  }
}

/** How many calls a command makes that have to do with files, and it must succeed. */
function fileCalls(stage: Stage, args: readonly string[]): number {
  const trace = `${stage.dir}/trace`;
  const flags = ["-f", "-qq", "-e", "trace=%file,read,pread64,getdents64", "-o", trace];
  const { code } = runProgram(["strace", ...flags, OCIRT, "--root", stage.root, ...args]);
  assertEquals(code, 0, args.join(" "));
  const calls = Deno.readTextFileSync(trace).split("\n").filter((line) => /^\d+ +\w+\(/.test(line));
  return calls.length;
}

containerTest("list, state and events do with 1000 cgroups what they do with one", (stage) => {
  const { id } = sleeper(stage);
  const commands = [["list"], ["state", id], ["events", "--stats", id]];
  const count = (): number[] => commands.map((args) => fileCalls(stage, args));
  const few = count();
  addCgroups(stage);
  const many = count();
  commands.forEach(([name], i) => {
    const more = (many[i] ?? 0) - (few[i] ?? 0);
    // The engine's threads do not always start alike.
    assert(Math.abs(more) < 20, `${name}: ${few[i]} calls become ${many[i]}`);
  });
}, "strace");
