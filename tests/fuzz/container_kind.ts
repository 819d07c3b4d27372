import { encodeText } from "syscalls/abi/text.ts";
import { testConfig } from "tests/support/bundle.ts";
import { jsonText } from "tests/support/spec_fixtures.ts";
import { CONFIG_TABLE } from "runtime/spec/table.gen.ts";
import type { Box, Outcome } from "./box.ts";
import { smallerJson } from "./config_input.ts";
import { harmlessText } from "./harmless.ts";
import { Ends, type Fault, type Kind } from "./kind.ts";
import { mutateJson } from "./mutate_json.ts";
import { damageText } from "./mutate_text.ts";
import { outcomeFault } from "./outcome.ts";
import { traceFault, type Traces, traces } from "./traces.ts";

/** A config.json that the executable is given, and by which command. */
export interface ContainerInput {
  readonly command: "create" | "run";
  /** Before what could do harm is replaced. */
  readonly text: string;
}

const ID = "c";

/** Mutated config.json files, run as containers by the executable. */
export function containerKind(box: Box): Kind<ContainerInput> {
  const bundle = `${box.dir}/bundle`;
  Deno.mkdirSync(bundle, { recursive: true });
  const example = testConfig(box.rootfs, "/cases/c");
  const ends = new Ends();
  let before: Traces | null = null;
  return {
    name: "container",
    ends,
    generate(random): ContainerInput {
      const command = random.chance(60) ? "create" : "run";
      const text = jsonText(mutateJson(example, CONFIG_TABLE, random)) ?? "";
      return { command, text: random.chance(5) ? damageText(text, random) : text };
    },
    run({ command, text }): Fault | null {
      before ??= traces(box.root);
      const harmless = harmlessText(text, box);
      Deno.writeFileSync(`${bundle}/config.json`, encodeText(harmless));
      const fault = launch(box, bundle, { command, text: harmless }, ends);
      const left = traceFault(before, box.root);
      if (left !== null) before = clean(box);
      return fault ?? left;
    },
    *smaller({ command, text }): Iterable<ContainerInput> {
      for (const smaller of smallerJson(text)) yield { command, text: smaller };
    },
  };
}

/** Takes away what was left, so that one fault is not found again with every case after it. */
function clean(box: Box): Traces {
  box.ocirt(["delete", "--force", ID]);
  box.clear(box.root);
  return traces(box.root);
}

/** What explain says where create would refuse a configuration. */
const REFUSES = "so create refuses it";

function launch(
  box: Box,
  bundle: string,
  { command, text }: ContainerInput,
  ends: Ends,
): Fault | null {
  const explained = box.ocirt(["explain", "--bundle", bundle]);
  const launched = box.ocirt([command, "--bundle", bundle, ID]);
  ends.add(`${command} ended with ${launched.code}`);
  const words = { given: text };
  const runs = command === "run";
  const fault = outcomeFault(explained, words) ??
    outcomeFault(launched, { ...words, passesStatus: runs, programTalks: runs });
  if (launched.code !== 0) return fault;
  const rest = runs ? null : startAndDelete(box, text);
  return fault ?? rest ?? disagreement(explained, command);
}

function disagreement(explained: Outcome, command: string): Fault | null {
  if (explained.code === 0 && !explained.stdout.includes(REFUSES)) return null;
  const text = `explain refuses what ${command} does: ${
    explained.stdout.split("\n").at(-2)
  } ${explained.stderr}`;
  return { rule: "explain", text };
}

function startAndDelete(box: Box, given: string): Fault | null {
  const words = { given };
  const fault = outcomeFault(box.ocirt(["state", ID]), words) ??
    outcomeFault(box.ocirt(["start", ID]), words);
  return fault ?? outcomeFault(box.ocirt(["delete", "--force", ID]), words);
}
