/**
 * Writes `syscalls/abi/syscall_tables/`: the system calls of every architecture that a seccomp profile may name.
 *
 *     deno run -A scripts/generate_syscall_tables.ts [--check]
 *
 * The source is Debian's package `linux-libc-dev`, which has had the headers of all architectures since Linux 6.10; where this machine has
 * an older one, unpack a newer (`dpkg -x`) and name the folder in OCIRT_KERNEL_HEADERS. The 31-bit calls of s390, which Linux has dropped since,
 * come from `linux-libc-dev-s390x-cross` of Debian 12, unpacked into the same folder. With --check, files that no such headers are at hand for
 * are not compared.
 */

const FOLDER = Deno.env.get("OCIRT_KERNEL_HEADERS") ?? "";
const UAPI = `${FOLDER}/usr/lib/linux/uapi`;
const S390_31 = `${FOLDER}/usr/s390x-linux-gnu/include/asm/unistd_32.h`;
const VERSION_HEADER = `${FOLDER}/usr/include/linux/version.h`;
const OUTPUT = new URL("../syscalls/abi/syscall_tables/", import.meta.url);

type Numbers = Map<string, number>;

/** Where the calls of an architecture come from: a header, and the number that it counts from. */
interface Source {
  readonly header: string;
  readonly base?: number;
}

/** One file for each machine and those that it can also run, so that nobody reads the tables of others. */
const FILES: Readonly<Record<string, Readonly<Record<string, Source>>>> = {
  x86: {
    X86_64: { header: "x86/asm/unistd_64.h" },
    X32: { header: "x86/asm/unistd_x32.h", base: 0x40000000 },
    X86: { header: "x86/asm/unistd_32.h" },
  },
  arm: {
    AARCH64: { header: "arm64/asm/unistd_64.h" },
    ARM: { header: "arm/asm/unistd-eabi.h" },
  },
  mips: {
    MIPS64: { header: "mips/asm/unistd_n64.h", base: 5000 },
    MIPS64N32: { header: "mips/asm/unistd_n32.h", base: 6000 },
    MIPS: { header: "mips/asm/unistd_o32.h", base: 4000 },
  },
  powerpc: {
    PPC64: { header: "powerpc/asm/unistd_64.h" },
    PPC: { header: "powerpc/asm/unistd_32.h" },
  },
  s390: {
    S390X: { header: "s390/asm/unistd_64.h" },
    S390: { header: S390_31 },
  },
  parisc: {
    PARISC64: { header: "parisc/asm/unistd_64.h" },
    PARISC: { header: "parisc/asm/unistd_32.h" },
  },
  riscv: { RISCV64: { header: "riscv/asm/unistd_64.h" } },
  loongarch: { LOONGARCH64: { header: "loongarch/asm/unistd_64.h" } },
  m68k: { M68K: { header: "m68k/asm/unistd_32.h" } },
  sh: { SH: { header: "sh/asm/unistd_32.h" } },
};

/** From here on every architecture gives a new call the same number, and from there on s390 has 64 bits alone. */
const FIRST_COMMON_NUMBER = 424;
const FIRST_WITHOUT_S390 = 470;

function kernelVersion(): string {
  const text = Deno.readTextFileSync(VERSION_HEADER);
  const part = (name: string): string =>
    new RegExp(`LINUX_VERSION_${name} (\\d+)`).exec(text)?.[1] ?? "?";
  return `${part("MAJOR")}.${part("PATCHLEVEL")}`;
}

function numbersOf({ header, base = 0 }: Source): Numbers {
  const path = header.startsWith("/") || header.startsWith(FOLDER) && FOLDER !== ""
    ? header
    : `${UAPI}/${header}`;
  const numbers: Numbers = new Map();
  const definition = /^#define __NR_(\w+)\s+(?:\(\w+\s*\+\s*(\d+)\)|(\d+))\s*$/gm;
  for (const [, name = "", offset, number] of Deno.readTextFileSync(path).matchAll(definition)) {
    if (/^(?:Linux|syscalls|unused\d+|reserved\d+)$/.test(name)) continue;
    numbers.set(name, offset === undefined ? Number(number) : base + Number(offset));
  }
  if (numbers.size < 200) throw new Error(`Cannot read ${path}: it has ${numbers.size} calls`);
  return numbers;
}

/** The calls that ARM keeps above all others (`__ARM_NR_*` of asm/unistd.h), and the second name of one. */
function addArmCalls(numbers: Numbers): void {
  const text = Deno.readTextFileSync(`${UAPI}/arm/asm/unistd.h`);
  const definition = /^#define __ARM_NR_(\w+)\s+\(__ARM_NR_BASE\+(\d+)\)/gm;
  for (const [, name = "", offset] of text.matchAll(definition)) {
    numbers.set(name, 0xf0000 + Number(offset));
  }
  numbers.set("sync_file_range2", numbers.get("arm_sync_file_range") ?? NaN);
}

/** What has been added to 64-bit s390 since the 31-bit headers were written was added to both. */
function addCommonCalls(numbers: Numbers, others: Numbers): void {
  for (const [name, number] of others) {
    const isCommon = number >= FIRST_COMMON_NUMBER && number < FIRST_WITHOUT_S390;
    if (isCommon && !numbers.has(name)) numbers.set(name, number);
  }
}

function tableText(arch: string, numbers: Numbers): string {
  const words = [...numbers].sort((a, b) => a[1] - b[1]).map(([name, number]) =>
    `${name}: ${number},`
  );
  const lines: string[] = [];
  let line = " ";
  for (const word of words) {
    if (line.length + word.length > 99) {
      lines.push(line);
      line = " ";
    }
    line += ` ${word}`;
  }
  lines.push(line);
  return `export const ${arch}: SyscallTable = {\n${lines.join("\n")}\n};\n`;
}

function generate(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [file, sources] of Object.entries(FILES)) {
    const tables = new Map(
      Object.entries(sources).map(([arch, source]) => [arch, numbersOf(source)] as const),
    );
    for (const [arch, numbers] of tables) {
      if (arch === "ARM") addArmCalls(numbers);
      if (arch === "S390") addCommonCalls(numbers, tables.get("S390X") ?? new Map());
    }
    const text = [...tables].map(([arch, numbers]) => tableText(arch, numbers)).join("\n");
    files.set(
      `${file}.ts`,
      `// Generated by scripts/generate_syscall_tables.ts from the uapi headers of Linux ${kernelVersion()}. Do not edit.\n` +
        "// deno-fmt-ignore-file\n" +
        `import type { SyscallTable } from "./table.ts";\n\n${text}`,
    );
  }
  return files;
}

/** Why the files cannot be compared here; null when they can. */
function notHere(): string | null {
  try {
    const version = kernelVersion();
    Deno.statSync(`${UAPI}/x86`);
    Deno.statSync(S390_31);
    const file = Deno.readTextFileSync(new URL("x86.ts", OUTPUT));
    return file.includes(` of Linux ${version}. `) ? null : `the headers are of Linux ${version}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return "no headers of all architectures, see OCIRT_KERNEL_HEADERS";
    }
    throw error;
  }
}

function main(args: readonly string[]): number {
  const check = args.includes("--check");
  const reason = check ? notHere() : null;
  if (reason !== null) {
    console.error(`Not compared: system call tables (${reason})`);
    return 0;
  }
  let stale = 0;
  if (!check) Deno.mkdirSync(OUTPUT, { recursive: true });
  for (const [name, content] of generate()) {
    const file = new URL(name, OUTPUT);
    if (!check) Deno.writeTextFileSync(file, content);
    else if (Deno.readTextFileSync(file) !== content) {
      stale++;
      console.error(
        `${file.pathname} is not what the kernel headers say; hint: run without --check`,
      );
    }
  }
  return stale > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(main(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
