import type { Machine } from "./machine.ts";

/** What can be said of something: a text, a number, or several of them. */
export type Value = string | number | readonly string[];

/** What came of a question about the host. */
export interface Answer {
  /** Whether the host has it; null where that could not be found out, or where it is a plain fact. */
  readonly available: boolean | null;
  readonly value: Value | null;
  /** Why not, or why it is not known. */
  readonly reason: string | null;
  /** What this program refuses, or does otherwise, because of that. */
  readonly effect: string | null;
  /** What may be done about it. */
  readonly hint: string | null;
}

/** A question, and how its answer is found. */
export interface Question {
  /** The key in the JSON document. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly ask: (machine: Machine) => Answer;
}

/** Questions that belong together. */
export interface Topic {
  readonly name: string;
  readonly title: string;
  readonly questions: readonly Question[];
}

/** A question with its answer. */
export interface Finding extends Answer {
  readonly name: string;
  readonly title: string;
}

/** A topic with its answers. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

const NOTHING: Answer = { available: null, value: null, reason: null, effect: null, hint: null };

/** Something that is as it is. */
export function fact(value: Value): Answer {
  return { ...NOTHING, value };
}

/** The host has it. */
export function yes(value: Value | null = null, more: { readonly effect?: string } = {}): Answer {
  return { ...NOTHING, available: true, value, ...more };
}

/** The host does not have it. */
export function no(
  reason: string,
  more: { readonly effect?: string; readonly hint?: string } = {},
): Answer {
  return { ...NOTHING, available: false, reason, ...more };
}

/** It could not be found out. */
export function unknown(
  reason: string,
  more: { readonly effect?: string; readonly hint?: string } = {},
): Answer {
  return { ...NOTHING, reason, ...more };
}

/** The answers to a topic's questions. A question that fails has an answer too: why it is not known. */
export function answers({ name, title, questions }: Topic, machine: Machine): Section {
  return {
    name,
    title,
    findings: questions.map((question) => ({
      name: question.name,
      title: question.title,
      ...answer(question, machine),
    })),
  };
}

function answer({ ask }: Question, machine: Machine): Answer {
  try {
    return ask(machine);
  } catch (cause) {
    return unknown(cause instanceof Error ? cause.message : String(cause));
  }
}
