import { assert, assertEquals } from "@std/assert";
import { adoptOrphans, leftovers } from "tests/support/leftovers.ts";
import { messageOf, OCIRT } from "tests/support/ocirt.ts";
import { Random } from "tests/support/random.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const SEED = 20_261_120;

/** How often the runtime is killed in the middle of each command. */
const TIMES = 20;

type Scene = (stage: Stage) => { readonly container: Container; readonly args: readonly string[] };

function sleeper(stage: Stage): Container {
  return stage.container((config) => config.process.args = ["sleep", "1000"]);
}

const SCENES: Readonly<Record<string, Scene>> = {
  create: (stage) => {
    const container = sleeper(stage);
    return { container, args: ["create", "-b", container.bundle, container.id] };
  },
  start: (stage) => {
    const container = sleeper(stage).create();
    return { container, args: ["start", container.id] };
  },
  run: (stage) => {
    const container = stage.container((config) => config.process.args = ["sleep", "0.01"]);
    return { container, args: ["run", "-b", container.bundle, container.id] };
  },
  "delete --force": (stage) => {
    const container = sleeper(stage).create().start();
    return { container, args: ["delete", "--force", container.id] };
  },
};

function spawn(stage: Stage, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(OCIRT, {
    args: ["--root", stage.root, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Milliseconds that a command takes when nobody kills it. */
async function durationOf(stage: Stage, scene: Scene): Promise<number> {
  const { container, args } = scene(stage);
  const begin = performance.now();
  await spawn(stage, args).status;
  const took = performance.now() - begin;
  assertEquals(container.do("delete", "--force").code, 0);
  return took;
}

/** Kills after so many milliseconds; true when the command had not ended by then. */
async function killAfter(child: Deno.ChildProcess, delay: number): Promise<boolean> {
  // A timer is too coarse for a command of some ten milliseconds.
  const end = performance.now() + delay;
  while (performance.now() < end);
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  return (await child.status).signal === "SIGKILL";
}

/** What must work on the remains, whatever they are. */
function cleanUp(stage: Stage, container: Container): void {
  assertEquals(stage.ocirt(["list"]).code, 0);
  const state = container.do("state");
  if (state.code !== 0) assertEquals(messageOf(state), "container does not exist");
  else assert(["created", "running", "stopped"].includes(JSON.parse(state.stdout).status));
  const removed = container.do("delete", "--force");
  assertEquals([removed.code, removed.stdout], [0, ""], removed.stderr);
}

for (const [name, scene] of Object.entries(SCENES)) {
  containerTest(
    `a runtime that is killed in the middle of ${name} leaves what delete --force removes`,
    async (stage) => {
      adoptOrphans();
      const random = new Random(SEED);
      let duration = await durationOf(stage, scene);
      let kills = 0;
      for (let time = 0; time < TIMES; time++) {
        const before = leftovers(stage);
        const { container, args } = scene(stage);
        const delay = duration * (0.3 + 0.8 * random.below(1000) / 1000);
        // The machine's speed changes: a command that was faster than its kill says so.
        if (await killAfter(spawn(stage, args), delay)) kills++;
        else duration *= 0.8;
        cleanUp(stage, container);
        Deno.removeSync(container.bundle, { recursive: true });
        assertEquals(leftovers(stage), before, `killed after ${delay} of ${duration} ms`);
      }
      assert(kills > 0, "every kill came too late");
    },
  );
}
