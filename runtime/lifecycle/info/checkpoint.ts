import { type Answer, no, type Topic, yes } from "./answer.ts";
import type { Machine } from "./machine.ts";

/** Checkpoints. */
export const CHECKPOINT: Topic = {
  name: "checkpoint",
  title: "Checkpoints",
  questions: [{ name: "criu", title: "criu", ask: criu }],
};

function criu(machine: Machine): Answer {
  const file = machine.find("criu");
  const { lacks } = machine.program;
  const refused = "this version of the runtime makes no checkpoints all the same";
  if (file === null) {
    return no("it is not in PATH", {
      effect: "checkpoint and restore are refused",
      ...lacks.includes("checkpoint") ? {} : { hint: "install the package criu" },
    });
  }
  const version = /(\d+(?:\.\d+)+)/.exec(machine.versionOf(file))?.[1];
  const value = version === undefined ? file : `${file}, version ${version}`;
  return lacks.includes("checkpoint") ? yes(value, { effect: refused }) : yes(value);
}
