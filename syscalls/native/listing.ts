import { errnoName } from "syscalls/abi/errno.ts";
import {
  type Condition,
  type Instruction,
  type Operand,
  type Program,
  type Slot,
  textOf,
} from "./program.ts";

/** One call of a step, as a person reads it. */
export interface ListedCall {
  /** The system call's name. */
  readonly call: string;
  readonly args: readonly string[];
  /** The whole line: `tree = open_tree(AT_FDCWD, "/a", OPEN_TREE_CLONE)`. */
  readonly text: string;
  /** Names of the errnos that are no failure; `["all"]` when none is one. */
  readonly forgives: readonly string[];
}

/** One step of a program and its calls. */
export interface ListedStep {
  readonly label: string;
  /** Where in config.json it comes from, a JSON pointer; "" for the runtime's own. */
  readonly origin: string;
  readonly calls: readonly ListedCall[];
}

/** The steps in the order of the program; one that is gone back to is listed again. */
export function listSteps(program: Program): readonly ListedStep[] {
  const names = slotNames(program);
  const steps: { label: string; origin: string; calls: ListedCall[] }[] = [];
  let current = -1;
  for (const instruction of program.instructions) {
    const step = "step" in instruction ? instruction.step : current;
    if (step !== current) {
      const note = program.steps[step];
      steps.push({ label: note?.label ?? "", origin: note?.origin ?? "", calls: [] });
      current = step;
    }
    const call = listedCall(instruction, names);
    if (call !== undefined) steps.at(-1)?.calls.push(call);
  }
  return steps;
}

/**
 * The whole program as text: each step's label and origin as a heading, below it one line an instruction.
 * The same program has the same listing, so listings can be compared.
 */
export function listProgram(program: Program): string {
  const names = slotNames(program);
  const lines: string[] = [];
  let current = -1;
  for (const instruction of program.instructions) {
    const step = "step" in instruction ? instruction.step : current;
    if (step !== current) {
      const { label = "", origin = "" } = program.steps[step] ?? {};
      if (lines.length > 0) lines.push("");
      lines.push(origin === "" ? label : `${label}  [${origin}]`);
      current = step;
    }
    const text = instructionText(instruction, names);
    lines.push(instruction.kind === "label" ? text : `    ${text}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

type Names = ReadonlyMap<Slot, string>;

/** What slots are called: by the first operand that has a text for one, else by number. */
function slotNames(program: Program): Names {
  const names = new Map<Slot, string>([[program.reportFd, "report_fd"]]);
  for (const instruction of program.instructions) {
    for (const operand of operandsOf(instruction)) {
      if (operand.kind !== "slot" && operand.kind !== "slotAddress") continue;
      const isWhole = operand.kind === "slotAddress" || operand.offset === undefined;
      const text = textOf(operand);
      if (text === undefined || !isWhole || names.has(operand.slot)) continue;
      names.set(operand.slot, text.replace(/^&/, ""));
    }
  }
  return names;
}

function operandsOf(instruction: Instruction): readonly Operand[] {
  switch (instruction.kind) {
    case "call":
      return instruction.args;
    case "set":
    case "report":
      return [instruction.value];
    case "fail":
      return [instruction.errno];
    default:
      return [];
  }
}

function listedCall(instruction: Instruction, names: Names): ListedCall | undefined {
  if (instruction.kind === "fork") {
    const text = instructionText(instruction, names);
    return { call: "clone", args: [instruction.flagsText], text, forgives: [] };
  }
  if (instruction.kind !== "call") return undefined;
  const args = instruction.args.map((arg) => operandText(arg, names));
  return {
    call: instruction.call,
    args,
    text: callText(instruction, names),
    forgives: instruction.forgive === "all" ? ["all"] : instruction.forgive.map(errnoName),
  };
}

function callText(call: Extract<Instruction, { kind: "call" }>, names: Names): string {
  const args = call.args.map((arg) => operandText(arg, names)).join(", ");
  const into = call.into === undefined ? "" : `${slotName(call.into, names)} = `;
  return `${into}${call.call}(${args})`;
}

function instructionText(instruction: Instruction, names: Names): string {
  switch (instruction.kind) {
    case "call":
      return callText(instruction, names) + forgiveText(instruction.forgive);
    case "branch":
      return `if ${branchText(instruction, names)} goto L${instruction.to}`;
    case "jump":
      return `goto L${instruction.to}`;
    case "label":
      return `L${instruction.label}:`;
    case "set":
      return `${slotName(instruction.slot, names)} = ${operandText(instruction.value, names)}`;
    case "fork": {
      const into = slotName(instruction.into, names);
      return `${into} = clone(${instruction.flagsText}), child goes to L${instruction.child}`;
    }
    case "signalExit":
      return `${slotName(instruction.into, names)} = {exit 128 + signal}`;
    case "writeReports":
      return "reports by write from here on";
    case "report":
      return `report ${instruction.tag}, ${operandText(instruction.value, names)}`;
    case "fail":
      return `fail ${errnoOperandText(instruction.errno, names)}`;
    case "exit":
      return `exit ${instruction.code}`;
    default:
      return unreachable(instruction);
  }
}

function forgiveText(forgive: readonly number[] | "all"): string {
  if (forgive === "all") return ", any failure forgiven";
  return forgive.length === 0 ? "" : `, ${forgive.map(errnoName).join("|")} forgiven`;
}

function branchText(branch: Extract<Instruction, { kind: "branch" }>, names: Names): string {
  const subject = branch.of === "result"
    ? "result"
    : operandText({ kind: "slot", ...branch.of }, names);
  return conditionText(subject, branch.when);
}

function conditionText(subject: string, when: Condition): string {
  switch (when.kind) {
    case "failed":
      return `${subject} < 0`;
    case "succeeded":
      return `${subject} >= 0`;
    case "errno":
      return `${subject} == -${errnoName(when.errno)}`;
    case "equals":
      return `${subject} == ${numberText(when.value)}`;
    case "maskedEquals":
      return `(${subject} & ${bitsText(when.mask)}) == ${bitsText(when.value)}`;
    default:
      return unreachable(when);
  }
}

function operandText(operand: Operand, names: Names): string {
  const text = textOf(operand);
  if (text !== undefined) return text;
  switch (operand.kind) {
    case "immediate":
      return numberText(BigInt(operand.value));
    case "data":
      return `data${operand.data}`;
    case "slot": {
      const name = slotName(operand.slot, names);
      return operand.offset === undefined ? name : `${name}[${operand.offset}]`;
    }
    case "slotAddress":
      return `&${slotName(operand.slot, names)}`;
    default:
      return unreachable(operand);
  }
}

function slotName(slot: Slot, names: Names): string {
  return names.get(slot) ?? `slot${slot}`;
}

/** Counts and descriptors in decimal, what is likely bits in hexadecimal. */
function numberText(value: bigint): string {
  return value > -0x10000n && value < 0x10000n ? `${value}` : bitsText(value);
}

function bitsText(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

function errnoOperandText(operand: Operand, names: Names): string {
  const isPlain = operand.kind === "immediate" && operand.text === undefined;
  return isPlain ? errnoName(Number(operand.value)) : operandText(operand, names);
}

function unreachable(value: never): never {
  throw new TypeError(`Cannot list ${JSON.stringify(value)}: unknown kind`);
}
