import {
  type Command,
  type CommandResult,
  type OutlineItem,
  type Output,
  stringFlag,
} from "runtime/base/command.ts";
import { explain, type Explanation } from "runtime/lifecycle/explain.ts";
import { BUNDLE_FLAGS, bundleOf } from "./launch_flags.ts";

export const command: Command = {
  name: "explain",
  usage: "",
  description:
    `Shows the steps that "%n create" would take for a bundle: the system calls of each, in order, and
the place in config.json that asks for them. Nothing runs, and no privilege is needed.`,
  flags: [
    ...BUNDLE_FLAGS,
    {
      name: "format",
      type: "string",
      metavar: "FORMAT",
      help: "how to show them",
      fallback: "text",
      choices: ["text", "json"],
    },
  ],
  positionals: { min: 0, max: 0, are: [] },
  examples: [
    {
      line: "%n explain --bundle /bundles/mine",
      does: "every step, its system calls and what in config.json asks for it",
    },
    { line: "%n explain --format json | jq .steps[].label", does: "the steps alone" },
  ],
  async run(invocation): Promise<CommandResult> {
    const explanation = await explain(invocation.context, bundleOf(invocation));
    if (stringFlag(invocation, "format") === "text") {
      return { output: outline(explanation), exitCode: 0 };
    }
    return {
      output: { kind: "json", value: explanation, indent: 2, newline: true },
      exitCode: 0,
    };
  },
};

/** The form for people; parts without a line are left out. */
export function outline({ steps, host, warnings }: Explanation): Output {
  const sections = [
    { title: "In the container's process:", numbered: true, items: steps.map(stepItem) },
    {
      title: "On the host:",
      numbered: false,
      items: host.map(({ text, origin }) => ({ text, note: origin })),
    },
    { title: "Warnings:", numbered: false, items: warnings.map((text) => ({ text })) },
  ];
  return { kind: "outline", sections: sections.filter(({ items }) => items.length > 0) };
}

function stepItem({ label, origin, calls }: Explanation["steps"][number]): OutlineItem {
  return { text: label, note: origin, children: calls.map(callItem) };
}

function callItem({ text, forgives }: Explanation["steps"][number]["calls"][number]): OutlineItem {
  return forgives.length === 0 ? { text } : { text, note: `${forgives.join(", ")} is no failure` };
}
