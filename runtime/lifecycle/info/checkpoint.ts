import { tooOld, versionNumber, versionWords } from "runtime/criu/version.ts";
import { type Answer, no, type Topic, unknown, yes } from "./answer.ts";
import type { Machine } from "./machine.ts";

/** Checkpoints. */
export const CHECKPOINT: Topic = {
  name: "checkpoint",
  title: "Checkpoints",
  questions: [{ name: "criu", title: "criu", ask: criu }],
};

const REFUSED = { effect: "checkpoint and restore are refused" };

function criu(machine: Machine): Answer {
  const file = machine.find("criu");
  const isLacking = machine.program.lacks.includes("checkpoint");
  if (file === null) {
    const hint = isLacking ? {} : { hint: "install the package criu" };
    return no("it is not in PATH", { ...REFUSED, ...hint });
  }
  const version = versionNumber(machine.versionOf(file));
  if (version === null) return unknown(`${file} does not tell its version`);
  const refusal = tooOld(version);
  if (refusal !== null) {
    return no(refusal, { ...REFUSED, hint: `install a newer one than ${file}` });
  }
  const value = `${file}, version ${versionWords(version)}`;
  const effect = "this version of the runtime makes no checkpoints all the same";
  return isLacking ? yes(value, { effect }) : yes(value);
}
