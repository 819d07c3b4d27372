/** An error whose message is meant for the person at the terminal: no stack trace, one sentence. */
export abstract class OcirtError extends Error {
  /** Exit status of a command that ends this way (exec turns every one of them into 255). */
  readonly exitCode: number = 1;
}

/** The command line is wrong. */
export class UsageError extends OcirtError {
  override readonly name = "UsageError";
}

/** One thing wrong in a configuration file. */
export interface Problem {
  /** JSON pointer, `/process/rlimits/0/type`. "" is the whole document. */
  readonly path: string;
  /** What is wrong there, value and rule: `"RLIMIT_FOO" is not one of ...`. */
  readonly text: string;
}

/** How many problems a message tells, and how much of each: some files have one wrong value thousands of times. */
const MOST_TOLD = 20;
const LONGEST_PLACE = 200;
const LONGEST_TEXT = 1000;

function sentence(file: string, problems: readonly Problem[]): string {
  const told = problems.slice(0, MOST_TOLD).map(({ path, text }) => {
    const shown = cut(text, LONGEST_TEXT);
    return path === "" ? shown : `${cut(path, LONGEST_PLACE)}: ${shown}`;
  });
  const more = problems.length - told.length;
  if (more > 0) told.push(`and ${more} more ${more === 1 ? "problem" : "problems"}`);
  return `Cannot use ${file}: ${told.join("; ")}`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}... (${text.length} characters)`;
}

/** A configuration file is wrong. Holds every problem found, not only the first ones, which its message tells. */
export class SpecError extends OcirtError {
  override readonly name = "SpecError";
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    super(sentence(file, problems));
    this.problems = problems;
  }
}

/** What is on disk or running does not allow what was asked (no such container, wrong status, damaged record). */
export class StateError extends OcirtError {
  override readonly name = "StateError";
}

/** The container could not be made or started; it has been taken away again. */
export class LaunchError extends OcirtError {
  override readonly name = "LaunchError";
}

/** The program of a container could not be executed. */
export class ExecuteError extends LaunchError {
  /** What a shell would say of it: `exec /run.sh: no such file or directory`. */
  readonly words: string;
  constructor(message: string, words: string) {
    super(message);
    this.words = words;
  }
}

/** This host lacks something, or refused something outside the container. */
export class HostError extends OcirtError {
  override readonly name = "HostError";
}
