/**
 * Writes `syscalls/abi/numbers/{names,x86_64,aarch64}.ts` from the kernel headers of Debian's `linux-libc-dev`:
 *
 *     deno run -A scripts/generate_syscall_numbers.ts [--check]
 *
 * x86-64 has its own list (`asm/unistd_64.h`). aarch64 uses the list that new machines share (`asm-generic/unistd.h`), with the
 * choices that arch/arm64/include/uapi/asm/unistd.h makes; so one package serves both on an x86-64 or an aarch64 machine.
 */

const X86_64_HEADERS = [
  "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  "/usr/x86_64-linux-gnu/include/asm/unistd_64.h",
];
const GENERIC_HEADERS = ["/usr/include/asm-generic/unistd.h"];
const VERSION_HEADERS = ["/usr/include/linux/version.h"];
const INSTALL = Deno.build.arch === "x86_64"
  ? "apt-get install linux-libc-dev"
  : "apt-get install linux-libc-dev linux-libc-dev-amd64-cross";
const OUTPUT = new URL("../syscalls/abi/numbers/", import.meta.url);

/** What arch/arm64/include/uapi/asm/unistd.h defines before it includes the shared list. */
const ARM64_CHOICES = [
  "__ARCH_WANT_RENAMEAT",
  "__ARCH_WANT_NEW_STAT",
  "__ARCH_WANT_SET_GET_RLIMIT",
  "__ARCH_WANT_TIME32_SYSCALLS",
  "__ARCH_WANT_SYS_CLONE3",
  "__ARCH_WANT_MEMFD_SECRET",
];

type Numbers = ReadonlyMap<string, number>;

function readFirst(paths: readonly string[]): string {
  for (const path of paths) {
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(
    `Cannot read ${paths.join(" or ")}: ENOENT (No such file or directory); hint: ${INSTALL}`,
  );
}

/** The version without its third part, which changes no number and would make every stable update a difference. */
export function kernelVersion(): string {
  const text = readFirst(VERSION_HEADERS);
  const part = (name: string): string => {
    const value = new RegExp(`LINUX_VERSION_${name} (\\d+)`).exec(text)?.[1];
    if (value === undefined) throw new Error(`Cannot find LINUX_VERSION_${name} in version.h`);
    return value;
  };
  return `${part("MAJOR")}.${part("PATCHLEVEL")}`;
}

/** Whether a condition of `#if` holds: `||` and `&&` of `defined(X)`, `!defined(X)` and comparisons of __BITS_PER_LONG. */
function holds(condition: string, defined: ReadonlyMap<string, string>): boolean {
  return condition.split("||").some((any) =>
    any.split("&&").every((text) => {
      const term = text.trim();
      const [, not, name] = /^(!?)\s*defined\s*\(?\s*(\w+)\s*\)?$/.exec(term) ?? [];
      if (name !== undefined) return defined.has(name) === (not === "");
      const [, operator, bits] = /^__BITS_PER_LONG\s*(==|!=)\s*(\d+)$/.exec(term) ?? [];
      if (bits !== undefined) return (bits === "64") === (operator === "==");
      throw new Error(`Cannot evaluate #if ${condition}: unknown term ${term}`);
    })
  );
}

/** The macros that a header leaves defined, for a machine of 64 bits: the part of the C preprocessor that these files need. */
function preprocess(header: string, choices: readonly string[]): ReadonlyMap<string, string> {
  const defined = new Map(choices.map((name) => [name, ""]));
  const taken: boolean[] = [];
  const text = header.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/\\\n/g, " ");
  for (const line of text.split("\n")) {
    const [, directive, rest = ""] = /^\s*#\s*(\w+)\s*(.*?)\s*$/.exec(line) ?? [];
    if (directive === "if") taken.push(holds(rest, defined));
    else if (directive === "ifdef") taken.push(defined.has(rest));
    else if (directive === "ifndef") taken.push(!defined.has(rest));
    else if (directive === "else") taken.push(!taken.pop());
    else if (directive === "endif") taken.pop();
    else if (taken.every(Boolean) && directive === "undef") defined.delete(rest);
    else if (taken.every(Boolean) && directive === "define") {
      const [name = "", ...value] = rest.split(/\s+/);
      defined.set(name, value.join(" "));
    }
  }
  return defined;
}

function numbersOf(header: string, choices: readonly string[]): Numbers {
  const macros = preprocess(header, choices);
  const numbers = new Map<string, number>();
  for (const [macro, value] of macros) {
    const name = /^__NR_(\w+)$/.exec(macro)?.[1];
    // Not calls: the count of them, and where the numbers of a machine's own calls begin.
    if (name === undefined || name === "syscalls" || name === "arch_specific_syscall") continue;
    const number = Number(/^\d+$/.test(value) ? value : macros.get(value) ?? "?");
    if (!Number.isInteger(number)) throw new Error(`Cannot read number of ${name}: ${value}`);
    numbers.set(name, number);
  }
  return numbers;
}

function tableText(names: readonly string[], numbers: Numbers): string {
  const entries = names.map((name) => [numbers.get(name) ?? -1, name] as const);
  entries.sort((a, b) => a[0] - b[0]);
  const lines: string[] = [];
  let line = "";
  for (const [number, name] of entries) {
    const word = ` ${name}=${number}`;
    if (line.length + word.length > 99) {
      lines.push(line);
      line = "";
    }
    line += word;
  }
  lines.push(line);
  return lines.join("\n");
}

function archFile(header: string, arch: string, table: string): string {
  return `${header}
import type { SyscallName } from "./names.ts";
import { findNumber } from "./table.ts";

const TABLE = \`
${table}
\`;

const known = new Map<SyscallName, number>();

/** The number of a system call on ${arch}. */
export function syscallNumber(name: SyscallName): number {
  const number = known.get(name) ?? findNumber(TABLE, name);
  if (number === undefined) throw new RangeError(\`Cannot number call \${name}: ${arch} has none\`);
  known.set(name, number);
  return number;
}
`;
}

function generate(): ReadonlyMap<string, string> {
  const x86 = numbersOf(readFirst(X86_64_HEADERS), []);
  const arm = numbersOf(readFirst(GENERIC_HEADERS), ARM64_CHOICES);
  const names = [...x86.keys()].filter((name) => arm.has(name)).sort();
  const header =
    `// Generated by scripts/generate_syscall_numbers.ts from the uapi headers of Linux ${kernelVersion()}. Do not edit.`;
  const union = names.map((name) => `  | "${name}"`).join("\n");
  return new Map([
    [
      "names.ts",
      `${header}\n\n/** A system call that both x86-64 and aarch64 have. */\nexport type SyscallName =\n${union};\n`,
    ],
    ["x86_64.ts", archFile(header, "x86-64", tableText(names, x86))],
    ["aarch64.ts", archFile(header, "aarch64", tableText(names, arm))],
  ]);
}

function isCurrent(file: URL, content: string): boolean {
  try {
    return Deno.readTextFileSync(file) === content;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function main(args: readonly string[]): number {
  let stale = 0;
  for (const [name, content] of generate()) {
    const file = new URL(name, OUTPUT);
    if (isCurrent(file, content)) continue;
    stale++;
    if (args.includes("--check")) {
      console.error(
        `${file.pathname} is not what the kernel headers say; hint: run without --check`,
      );
    } else {
      Deno.writeTextFileSync(file, content);
    }
  }
  return args.includes("--check") && stale > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(main(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
