/**
 * Asks C compilers what the tables of `syscalls/abi` say, and writes their answers to `tests/fixtures/abi.json`, with which
 * a unit test compares the tables:
 *
 *     deno run -A scripts/probe_abi.ts [--check]
 *
 * x86-64 needs `gcc` and `linux-libc-dev`, aarch64 `gcc-aarch64-linux-gnu` and `libc6-dev-arm64-cross`. A machine whose compiler
 * is missing keeps the answers that the file has.
 */
import type { Arch } from "syscalls/abi/arch.ts";
import { type AbiGroup, abiGroups, NEWER_NAMES, type StructShape } from "./abi_tables.ts";

/** sizeof, and offsetof of each field, in bytes. */
export interface ProbedStruct {
  size: number;
  offsets: Record<string, number>;
}

/** What a C compiler says about one {@link AbiGroup}; values in hexadecimal, of 64 bits. */
export interface ProbedGroup {
  values: Record<string, string>;
  structs: Record<string, ProbedStruct>;
}

/** The fixture: what the compiler of each machine says about each group. */
export type ProbedAbi = Partial<Record<Arch, Record<string, ProbedGroup>>>;

const FIXTURE = new URL("../tests/fixtures/abi.json", import.meta.url);
const COMPILERS: Readonly<Record<Arch, readonly string[]>> = {
  x86_64: ["x86_64-linux-gnu-gcc", "cc"],
  aarch64: ["aarch64-linux-gnu-gcc", "cc"],
};

/** A C program whose data, of 64-bit numbers, answers the questions in their order; nothing of it needs to run. */
function question(group: AbiGroup, questions: readonly string[]): string {
  const includes = ["stddef.h", ...group.includes].map((file) => `#include <${file}>`);
  const numbers = questions.map((expression) =>
    NEWER_NAMES.has(expression)
      ? `#ifdef ${expression}\nY(${expression}),\n#else\nN,\n#endif`
      : `Y(${expression}),`
  );
  return [
    "#define _GNU_SOURCE",
    ...includes,
    "#define Y(x) 1, (unsigned long long)(x)",
    "#define N 0, 0",
    `__attribute__((section("abi_answers"))) const unsigned long long probed[] = {`,
    ...numbers,
    "};",
  ].join("\n");
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(command, { args: [...args], stderr: "piped" }).output();
  if (output.success) return new TextDecoder().decode(output.stdout);
  throw new Error(`Cannot run ${command}: ${new TextDecoder().decode(output.stderr)}`);
}

/** The numbers that a compiler makes of the questions; undefined for names its headers do not have. */
async function answers(
  compiler: string,
  group: AbiGroup,
  questions: readonly string[],
): Promise<(bigint | undefined)[]> {
  const folder = await Deno.makeTempDir({ prefix: "probe-abi-" });
  try {
    await Deno.writeTextFile(`${folder}/q.c`, question(group, questions));
    await run(compiler, ["-w", "-c", `${folder}/q.c`, "-o", `${folder}/q.o`]);
    const objcopy = compiler === "cc" ? "objcopy" : compiler.replace(/gcc$/, "objcopy");
    await run(objcopy, ["-O", "binary", "-j", "abi_answers", `${folder}/q.o`, `${folder}/q.bin`]);
    const numbers = new BigUint64Array((await Deno.readFile(`${folder}/q.bin`)).buffer);
    return questions.map((_, index) =>
      numbers[2 * index] === 1n ? numbers[2 * index + 1] : undefined
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What C calls a struct: `struct x`, or `x` where that is a typedef. */
function cType(shape: StructShape): string {
  return shape.name.endsWith("_t") ? shape.name : `struct ${shape.name}`;
}

function fieldsOf(shape: StructShape): readonly string[] {
  return Object.keys(shape.offsets).filter((field) => !field.startsWith("_"));
}

async function probeGroup(compiler: string, group: AbiGroup): Promise<ProbedGroup> {
  const names = [...new Set(group.tables.flatMap((table) => Object.keys(table)))];
  names.push(...Object.keys(group.expressions ?? {}));
  const shapes = [...group.structs ?? [], ...group.heads ?? []];
  const questions = [...names];
  for (const shape of shapes) {
    questions.push(`sizeof(${cType(shape)})`);
    questions.push(...fieldsOf(shape).map((field) => `offsetof(${cType(shape)}, ${field})`));
  }
  const known = new Map<string, bigint>();
  for (const [index, answer] of (await answers(compiler, group, questions)).entries()) {
    if (answer !== undefined) known.set(questions[index] ?? "", answer);
  }
  const probed: ProbedGroup = { values: {}, structs: {} };
  for (const name of names) {
    const value = known.get(name);
    if (value !== undefined) probed.values[name] = `0x${value.toString(16)}`;
  }
  for (const shape of shapes) {
    const offsets = fieldsOf(shape).map((field) =>
      [field, Number(known.get(`offsetof(${cType(shape)}, ${field})`))] as const
    );
    probed.structs[shape.name] = {
      size: Number(known.get(`sizeof(${cType(shape)})`)),
      offsets: Object.fromEntries(offsets),
    };
  }
  return probed;
}

async function findCompiler(arch: Arch): Promise<string | undefined> {
  for (const name of COMPILERS[arch]) {
    try {
      const machine = await run(name, ["-dumpmachine"]);
      if (machine.startsWith(arch)) return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

function readFixture(): ProbedAbi {
  try {
    return JSON.parse(Deno.readTextFileSync(FIXTURE));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const before = readFixture();
  const now: ProbedAbi = {};
  for (const arch of ["x86_64", "aarch64"] as const) {
    const compiler = await findCompiler(arch);
    if (compiler === undefined) {
      console.error(
        `No compiler for ${arch} (${COMPILERS[arch].join(", ")}): its answers are kept`,
      );
      if (before[arch] !== undefined) now[arch] = before[arch];
      continue;
    }
    const groups: Record<string, ProbedGroup> = {};
    for (const group of abiGroups(arch)) groups[group.name] = await probeGroup(compiler, group);
    now[arch] = groups;
  }
  const text = `${JSON.stringify(now, null, 1)}\n`;
  if (!args.includes("--check")) {
    Deno.writeTextFileSync(FIXTURE, text);
    return 0;
  }
  if (text === `${JSON.stringify(before, null, 1)}\n`) return 0;
  console.error("tests/fixtures/abi.json is not what the compilers say; hint: run without --check");
  return 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
