/**
 * A plugin of `deno lint` (see deno.json) for what people read: messages of errors have one form, and nothing is left to do or
 * names a path of one machine. Run by itself it looks for the latter two in the files that are no TypeScript:
 *
 *     deno run --allow-read scripts/check_words.ts
 */

/** How messages begin that callers know from runc, and therefore have another form. Expressions stand as in the source. */
const KNOWN_BEGINNINGS = [
  "container does not exist",
  "container not running",
  "container with given ID already exists",
  "container's cgroup is not empty: ",
  "container's cgroup unexpectedly frozen",
  "cannot start an already running container",
  "invalid container ID format: ",
  "invalid log-format: ",
  "invalid log-level: ",
  "unknown signal ",
  "Option --root argument should not be set to /",
  "File ${name} exists. Remove it first",
  '${programName}: "${name}" requires ',
  "process args cannot be empty",
  "cannot allocate tty if ${programName} ",
  "cannot use console socket if ${programName} ",
  "cannot exec in a ",
  "open /dev/tty: ",
  "unable to stat preserved-fd ",
  "invalid --cgroup argument",
  "unknown controller ",
  "bad sub cgroup path: ",
  "error adding pid ",
  "failed to connect with seccomp agent ",
  "seccomp listenerPath is not set",
  "container with id ${id} is not running",
  "duration interval must be greater than 0",
  "rejecting ${what} limit ",
  "updating a non-existent Intel RDT ",
  "systemd not running on this host, ",
  "cannot use rootless systemd cgroups manager ",
];

/** Classes whose message is the reason alone, which whoever catches them puts behind a "Cannot <verb> <object>: ". */
const REASONS = new Set(["ElfError", "UnitNameError", "VariantTextError"]);

/** Spelt in two halves, so that this file does not find itself. */
const UNFINISHED = new RegExp(`\\b(?:${"TO"}${"DO"}|${"FIX"}${"ME"}|${"XX"}X)\\b`, "g");
/** Somebody's own folder; examples say /home/me. */
const HOME_PATH = /\/(?:home|Users)\/(?!me\/)[\w.-]+\/|\/root\/\.\w/g;

/** What is wrong with how a message begins or ends, or null. */
export function messageFault(message: string): string | null {
  if (message.endsWith(".")) return "A message is no sentence of a text: it has no period";
  if (message.startsWith("Cannot ")) return null;
  if (KNOWN_BEGINNINGS.some((beginning) => message.startsWith(beginning))) return null;
  return `A message has the form "Cannot <verb> <object>: <why>", or is listed in scripts/check_words.ts`;
}

/** A word that does not belong into the sources, and where it begins. */
export interface StrayWord {
  readonly index: number;
  readonly word: string;
  readonly fault: string;
}

export function strayWords(text: string): StrayWord[] {
  const find = (pattern: RegExp, fault: string): StrayWord[] =>
    [...text.matchAll(pattern)].map(({ index, 0: word }) => ({ index, word, fault }));
  return [
    ...find(UNFINISHED, "Do it, or open an issue and let the comment say why it can wait"),
    ...find(HOME_PATH, "This path exists on one machine only"),
  ];
}

const errorForm: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    // The failures that tests play are anybody's.
    if (context.filename.includes("/tests/")) return {};
    return {
      NewExpression({ callee, arguments: [first] }): void {
        if (callee.type !== "Identifier" || !callee.name.endsWith("Error")) return;
        if (REASONS.has(callee.name)) return;
        const text = first === undefined ? null : literalText(first);
        const fault = text === null ? null : messageFault(text);
        if (first !== undefined && fault !== null) context.report({ node: first, message: fault });
      },
    };

    /** The text of a literal as the source has it; null where it is put together elsewhere. */
    function literalText(node: Deno.lint.Node): string | null {
      if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
      if (node.type === "BinaryExpression") return literalText(node.left);
      if (node.type !== "TemplateLiteral") return null;
      return context.sourceCode.getText(node).slice(1, -1);
    }
  },
};

const noStrayWords: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    return {
      Program(): void {
        for (const { index, word, fault } of strayWords(context.sourceCode.text)) {
          context.report({ range: [index, index + word.length], message: `${word}: ${fault}` });
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "words",
  rules: { "error-form": errorForm, "no-stray-words": noStrayWords },
};

export default plugin;

const SKIPPED = new Set([".git", ".build", "node_modules", "fixtures", "ocirt"]);
const IS_TEXT = /\.(?:md|json|lock|txt)$|(?:^|\/)(?:run|LICENSE)$/;

function* textFiles(folder: URL): Iterable<URL> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    if (SKIPPED.has(name)) continue;
    if (isDirectory) yield* textFiles(new URL(`${name}/`, folder));
    else if (isFile && IS_TEXT.test(name)) yield new URL(name, folder);
  }
}

function main(): number {
  let count = 0;
  for (const file of textFiles(new URL("../", import.meta.url))) {
    const text = Deno.readTextFileSync(file);
    for (const { index, word, fault } of strayWords(text)) {
      const line = text.slice(0, index).split("\n").length;
      console.error(`${file.pathname}:${line}: ${word}: ${fault}`);
      count++;
    }
  }
  return count === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
