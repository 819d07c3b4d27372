/** One import of a file. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** The file it names, from the project's root; null for a package. */
  readonly file: string | null;
  readonly dynamic: boolean;
}

/** A source file: its path from the project's root, its text, and what it imports. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const STATIC = /^(?:import|export)\b[^;"]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*(?:"([^"]+)")?/g;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/** The text without comments that begin a line; what follows code on its line stays. */
export function withoutComments(text: string): string {
  return text.replace(COMMENT, "");
}

/**
 * The imports that a file's text has, types included, for text as `deno fmt` leaves it.
 * @throws {Error} when what is imported is computed, so that nobody can tell
 */
export function importsOf(path: string, text: string): Import[] {
  const code = withoutComments(text);
  const found = [...code.matchAll(STATIC)].map((match) => ({
    specifier: match[1] ?? match[2] ?? "",
    dynamic: false,
  }));
  for (const [, specifier] of code.matchAll(DYNAMIC)) {
    if (specifier === undefined) {
      throw new Error(`Cannot tell what ${path} imports: import() has no literal`);
    }
    found.push({ specifier, dynamic: true });
  }
  return found.map((it) => ({ ...it, file: resolve(path, it.specifier) }));
}

/** The file that a specifier names: relative, or by the project's import map. */
function resolve(importer: string, specifier: string): string | null {
  if (/^(?:syscalls|runtime|tests|scripts)\//.test(specifier)) return specifier;
  if (!specifier.startsWith(".")) return null;
  const parts = importer.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Every TypeScript file below the folders, sorted by path; paths are from `root`, which ends with a slash. */
export function readSources(root: URL, folders: readonly string[]): SourceFile[] {
  const paths = folders.flatMap((folder) => [...typescriptFiles(root, folder)]).sort();
  return paths.map((path) => {
    const text = Deno.readTextFileSync(new URL(path, root));
    return { path, text, imports: importsOf(path, text) };
  });
}

function* typescriptFiles(root: URL, folder: string): Iterable<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* typescriptFiles(root, path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** `runtime/spec` for `runtime/spec/checks/mounts.ts`. */
export function roomOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

/** The circles of imports, each as the files that it goes through, the first one once more at its end. */
export function findCircles(files: readonly SourceFile[]): string[][] {
  const importsByPath = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen >= 0) circles.push([...trail.slice(seen), path]);
    if (seen >= 0 || done.has(path)) return;
    for (const { file } of importsByPath.get(path) ?? []) {
      if (file !== null) visit(file, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return circles;
}
