/** Which room may import which: the table of docs/architecture.md, held to every import of the sources. */
import { assert, assertEquals } from "@std/assert";
import {
  findCircles,
  importsOf,
  readSources,
  roomOf,
  type SourceFile,
  withoutComments,
} from "tests/support/source_graph.ts";

/** A room, and the rooms its files may import beside their own. Each may name only rooms that stand above it here. */
const ROOMS: readonly (readonly [room: string, mayImport: readonly string[]])[] = [
  ["syscalls/abi", []],
  ["syscalls/native", ["syscalls/abi"]],
  ["syscalls/bpf", ["syscalls/abi"]],
  ["syscalls/libc", ["syscalls/abi"]],
  ["runtime/base", ["syscalls/abi"]],
  ["runtime/spec", ["syscalls/abi", "runtime/base"]],
  ["runtime/plan", ["syscalls/abi", "runtime/base", "runtime/spec"]],
  [
    "runtime/compile",
    [
      "syscalls/abi",
      "syscalls/native",
      "syscalls/bpf",
      "syscalls/bpf",
      "runtime/base",
      "runtime/spec",
      "runtime/plan",
    ],
  ],
  ["runtime/host", ["syscalls/abi", "syscalls/libc", "runtime/base"]],
  ["runtime/state", ["syscalls/abi", "syscalls/libc", "runtime/base"]],
  ["runtime/cgroups", ["syscalls/abi", "syscalls/libc", "runtime/base", "runtime/spec"]],
  ["runtime/resctrl", ["syscalls/abi", "syscalls/libc", "runtime/base", "runtime/spec"]],
  ["runtime/criu", ["syscalls/abi", "syscalls/libc", "runtime/base"]],
  [
    "runtime/launch",
    [
      "syscalls/abi",
      "syscalls/libc",
      "syscalls/native",
      "runtime/base",
      "runtime/plan",
      "runtime/compile",
    ],
  ],
  [
    "runtime/lifecycle",
    [
      "syscalls/abi",
      "syscalls/libc",
      "runtime/base",
      "runtime/spec",
      "runtime/plan",
      "runtime/compile",
      "runtime/host",
      "runtime/state",
      "runtime/cgroups",
      "runtime/resctrl",
      "runtime/criu",
      "runtime/launch",
    ],
  ],
  ["runtime/commands", ["runtime/base", "runtime/spec", "runtime/state", "runtime/lifecycle"]],
  ["runtime/cli", ["runtime/base", "runtime/commands"]],
];

/** Imports that the table does not have. One that is not needed any more has to go. */
const EXCEPTIONS: readonly { readonly file: string; readonly imports: string; reason: string }[] = [
  {
    file: "runtime/cli/command_line.ts",
    imports: "runtime/host/process_info.ts",
    reason: "the caller's arguments are known to the entry stub alone, and host reads what it says",
  },
  {
    file: "runtime/cli/context.ts",
    imports: "runtime/host/process_info.ts",
    reason: "the state root depends on the caller's environment",
  },
  {
    file: "runtime/cli/context.ts",
    imports: "runtime/host/bundle.ts",
    reason: "--root and --log may be relative to the caller's directory, which is not the engine's",
  },
  {
    file: "runtime/cli/exit.ts",
    imports: "syscalls/libc/exit.ts",
    reason: "the engine's own exit takes longer than many a command",
  },
  {
    file: "runtime/cli/write.ts",
    imports: "syscalls/abi/text.ts",
    reason:
      "what is printed may hold bytes that are no UTF-8, and text.ts alone can bring them back",
  },
  {
    file: "runtime/commands/completion/model.ts",
    imports: "syscalls/abi/signal.ts",
    reason: "shells complete the names of signals",
  },
  {
    file: "runtime/commands/man.ts",
    imports: "runtime/host/bundle.ts",
    reason: "--dir may be relative to the caller's directory",
  },
  {
    file: "runtime/commands/criu_flags.ts",
    imports: "runtime/host/bundle.ts",
    reason: "--image-path and --work-path may be relative to the caller's directory",
  },
  {
    file: "runtime/commands/sandbox.ts",
    imports: "runtime/host/bundle.ts",
    reason: "--bind and --rw may be relative to the caller's directory",
  },
  {
    file: "runtime/commands/spec.ts",
    imports: "runtime/host/bundle.ts",
    reason: "--bundle may be relative to the caller's directory",
  },
  {
    file: "runtime/lifecycle/explain.ts",
    imports: "syscalls/native/listing.ts",
    reason: "explain shows a program, as create runs one",
  },
  {
    file: "runtime/lifecycle/seccomp_profile.ts",
    imports: "syscalls/bpf/classic.ts",
    reason: "likewise for the filter of a profile",
  },
];

/** Circles that are there, each with the reason. */
const CIRCLES: readonly { readonly files: readonly string[]; readonly reason: string }[] = [];

/** Packages: who may import which. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "d-bus-message-protocol": ["runtime/cgroups/systemd/wire.ts"],
  "d-bus-type-system": ["runtime/cgroups/systemd/wire.ts"],
  "pbf": ["runtime/criu/rpc.ts"],
  "zod/mini": ["runtime/spec/schema.ts", "runtime/spec/config.ts"],
  "@std/cli/parse-args": ["runtime/cli/args.ts"],
  "@std/path/posix": ["runtime/cli/context.ts"],
};

/**
 * Floors inside a room: a file may import those of the floors before its own, and none of its own or later ones.
 * A folder stands for those of its files that are not named; files that are named nowhere stand above all that are.
 */
const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "syscalls/abi": [
    ["arch.ts", "brand.ts", "errno.ts", "struct.ts", "text.ts", "numbers/names.ts"],
    ["flags.ts", "syscall_error.ts", "numbers/table.ts"],
  ],
  "syscalls/libc": [["library.ts", "arena.ts"], ["call.ts"], ["owned_fd.ts"]],
  "syscalls/native": [["program.ts", "report.ts", "code_buffer.ts"], ["sink.ts"], [
    "builder.ts",
    "listing.ts",
  ]],
  "runtime/spec": [
    ["show.ts", "clean_path.ts", "words/"],
    ["schema.ts"],
    ["config.ts"],
    ["valid.ts"],
    ["context.ts", "words/mount_options.ts"],
  ],
  "runtime/plan": [["protocol.ts", "mount_step.ts"], ["step.ts"], ["plan.ts"], ["input.ts"]],
  "runtime/state": [["record.ts", "lock.ts"], ["status.ts", "store.ts"], ["verbs.ts"]],
  "runtime/launch": [
    ["relay.ts", "notify_proxy.ts", "scheduling_hint.ts"],
    ["converse.ts", "explain.ts", "start_gate.ts", "wait.ts"],
    ["launch.ts"],
  ],
  "runtime/host": [["info_block.ts"], ["process_info.ts"], ["bundle.ts", "probe.ts"]],
};

/** Files with an import(): what is behind it costs no time where nobody asks for it. */
const LATE: readonly { readonly file: string; readonly reason: string }[] = [
  { file: "runtime/cli/table.ts", reason: "a command does not pay for the others" },
  {
    file: "runtime/compile/seccomp/tables.ts",
    reason: "a filter needs the system calls of one machine",
  },
  { file: "runtime/lifecycle/filter.ts", reason: "what compiles a seccomp filter takes its time" },
  {
    file: "runtime/lifecycle/create.ts",
    reason: "few have hooks, a class of cache, cgroups made by systemd, or others map their ids",
  },
  { file: "runtime/lifecycle/start.ts", reason: "likewise, and start makes no process otherwise" },
  {
    file: "runtime/lifecycle/update.ts",
    reason: "few hosts let systemd have their containers, and its bus is a library of its own",
  },
  { file: "runtime/lifecycle/delete.ts", reason: "likewise, and delete reads no config.json" },
  { file: "runtime/lifecycle/exec_cgroup.ts", reason: "only a user's systemd moves others" },
  { file: "runtime/lifecycle/exec.ts", reason: "few have a class of cache" },
  { file: "runtime/lifecycle/events.ts", reason: "likewise" },
];

/** Rooms whose files give the same answer at any time, on any machine. */
const PURE_ROOMS = [
  "syscalls/abi",
  "syscalls/native",
  "syscalls/bpf",
  "runtime/base",
  "runtime/spec",
  "runtime/plan",
  "runtime/compile",
];
const IMPURE =
  /\bDeno\.|\bdlopen\b|\bnew Date\b|\bDate\.|\bMath\.random\b|\bperformance\.|\bcrypto\./;

/** Doors that only the named files may open, because of what passing around them would cost. */
const DOORS: readonly { readonly word: RegExp; readonly files: readonly string[] }[] = [
  { word: /\bDeno\.dlopen\b/, files: ["syscalls/libc/library.ts"] },
  { word: /\bUnsafePointer\.of\b/, files: ["syscalls/libc/arena.ts"] },
  {
    word: /\bDeno\.(?:env|args|cwd|chdir)\b/,
    files: ["runtime/host/process_info.ts"],
  },
  // Seven milliseconds at its first use: ps(1) takes longer, and so does criu.
  {
    word: /\bDeno\.(?:Command|spawn\w*)\b/,
    files: ["runtime/lifecycle/ps.ts", "runtime/lifecycle/info/this_machine.ts"],
  },
  { word: /\bsetTimeout\b|\bsetInterval\b|\bIntl\b|\btoLocale\w*|\bnew URL\b/, files: [] },
];

const ROOT = new URL("../", import.meta.url);
const SOURCES = readSources(ROOT, ["syscalls", "runtime"]);

function roomProblems({ path, imports }: SourceFile): string[] {
  const room = roomOf(path);
  const row = ROOMS.find(([name]) => name === room);
  if (row === undefined) return [`${path} is in no room of the table`];
  return imports.flatMap(({ file, specifier }) => {
    const allowed = file === null
      ? PACKAGES[specifier]?.includes(path)
      : roomOf(file) === room || row[1].includes(roomOf(file)) || isException(path, file);
    return allowed ? [] : [`${path} must not import ${specifier}`];
  });
}

function isException(path: string, imported: string): boolean {
  return EXCEPTIONS.some(({ file, imports }) => file === path && imports === imported);
}

function floorOf(path: string): number {
  const floors = FLOORS[roomOf(path)] ?? [];
  const name = path.split("/").slice(2).join("/");
  const folder = `${name.split("/")[0]}/`;
  const named = floors.findIndex((names) => names.includes(name));
  const floor = named < 0 ? floors.findIndex((names) => names.includes(folder)) : named;
  return floor < 0 ? floors.length : floor;
}

function floorProblems({ path, imports }: SourceFile): string[] {
  const floors = FLOORS[roomOf(path)];
  if (floors === undefined) return [];
  const own = floorOf(path);
  const isFree = own === floors.length;
  return imports.flatMap(({ file }) => {
    if (file === null || roomOf(file) !== roomOf(path)) return [];
    const other = floorOf(file);
    const allowed = other < own || isFree && other === own;
    return allowed ? [] : [`${path} (floor ${own}) must not import ${file} (floor ${other})`];
  });
}

/** A folder above one's own is crossed by the mapped name, so that the crossing shows. */
function formProblems({ path, imports }: SourceFile): string[] {
  return imports.flatMap(({ specifier, file, dynamic }) => {
    const crossesUnseen = specifier.startsWith(".") && file !== null &&
      roomOf(file) !== roomOf(path);
    const isLate = dynamic && !LATE.some(({ file: late }) => late === path);
    return [
      ...(crossesUnseen ? [`${path} must name ${file} by its room`] : []),
      ...(isLate ? [`${path} must not use import(): it is not on the list of late ones`] : []),
    ];
  });
}

Deno.test("a room imports only what its row of the table allows", () => {
  assert(SOURCES.length > 100, "the sources were found");
  assertEquals(SOURCES.flatMap(roomProblems), []);
});

Deno.test("the table names only rooms that stand above, so rooms have no circle", () => {
  for (const [index, [room, mayImport]] of ROOMS.entries()) {
    const above = ROOMS.slice(0, index).map(([name]) => name);
    assertEquals(mayImport.filter((name) => !above.includes(name)), [], room);
  }
});

Deno.test("the table has no row, exception or package that nothing needs", () => {
  const rooms = new Set(SOURCES.map(({ path }) => roomOf(path)));
  assertEquals(ROOMS.map(([room]) => room).filter((room) => !rooms.has(room)), []);
  const uses = (path: string, name: string): boolean =>
    SOURCES.some((source) =>
      source.path === path &&
      source.imports.some(({ file, specifier }) => file === name || specifier === name)
    );
  assertEquals(EXCEPTIONS.filter(({ file, imports }) => !uses(file, imports)), []);
  for (const [name, files] of Object.entries(PACKAGES)) {
    assertEquals(files.filter((path) => !uses(path, name)), [], name);
  }
  const late = SOURCES.filter(({ imports }) => imports.some(({ dynamic }) => dynamic));
  assertEquals(LATE.map(({ file }) => file).sort(), late.map(({ path }) => path).sort());
  const paths = new Set(SOURCES.map(({ path }) => path));
  for (const [room, floors] of Object.entries(FLOORS)) {
    const files = floors.flat().filter((name) => !name.endsWith("/"));
    assertEquals(files.filter((name) => !paths.has(`${room}/${name}`)), [], room);
  }
});

Deno.test("a file imports only from floors below its own", () => {
  assertEquals(SOURCES.flatMap(floorProblems), []);
});

Deno.test("no imports go round in a circle", () => {
  const known = CIRCLES.map(({ files }) => [...files, files[0] ?? ""].join(" > "));
  const circles = findCircles(SOURCES).map((circle) => circle.join(" > "));
  assertEquals(circles.filter((circle) => !known.includes(circle)), []);
});

Deno.test("other rooms are imported by their names, and only what is on the list is loaded late", () => {
  assertEquals(SOURCES.flatMap(formProblems), []);
});

Deno.test("no command imports another, and config.json's own types stay in runtime/spec", () => {
  const commands = new Set(
    importsOf("", Deno.readTextFileSync(new URL("runtime/cli/table.ts", ROOT)))
      .flatMap(({ file, dynamic }) => dynamic && file !== null ? [file] : []),
  );
  assert(commands.size > 10, "the commands were found");
  const problems = SOURCES.flatMap(({ path, imports }) =>
    imports.filter(({ file }) =>
      file !== null && (
        commands.has(file) && path !== "runtime/cli/table.ts" ||
        file === "runtime/spec/config.ts" && roomOf(path) !== "runtime/spec"
      )
    ).map(({ specifier }) => `${path} must not import ${specifier}`)
  );
  assertEquals(problems, []);
});

Deno.test("pure rooms ask neither the machine nor the clock, and never draw lots", () => {
  const problems = SOURCES.filter(({ path }) => PURE_ROOMS.includes(roomOf(path)))
    .filter(({ text }) => IMPURE.test(withoutComments(text)))
    .map(({ path }) => path);
  assertEquals(problems, []);
});

Deno.test("what has one door goes through it", () => {
  const problems = DOORS.flatMap(({ word, files }) =>
    SOURCES.filter(({ path, text }) => !files.includes(path) && word.test(withoutComments(text)))
      .map(({ path }) => `${path} must not use ${word.source}`)
  );
  assertEquals(problems, []);
});

Deno.test("main.ts knows the command line alone", () => {
  const text = Deno.readTextFileSync(new URL("main.ts", ROOT));
  const rooms = importsOf("main.ts", text).map(({ specifier }) => roomOf(specifier));
  assertEquals([...new Set(rooms)], ["runtime/cli"]);
});

Deno.test("the rules notice what breaks them", () => {
  const source = (path: string, text: string): SourceFile => ({
    path,
    text,
    imports: importsOf(path, text),
  });
  const plan = source(
    "runtime/plan/mounts.ts",
    'import {\n  saveRecord,\n} from "runtime/state/store.ts";\nimport type { X } from "node:fs";\n',
  );
  assertEquals(roomProblems(plan), [
    "runtime/plan/mounts.ts must not import runtime/state/store.ts",
    "runtime/plan/mounts.ts must not import node:fs",
  ]);
  assertEquals(
    floorProblems(source("runtime/state/record.ts", 'export { x } from "./store.ts";')),
    ["runtime/state/record.ts (floor 0) must not import runtime/state/store.ts (floor 1)"],
  );
  assertEquals(
    formProblems(source("runtime/plan/a.ts", 'const b = import("../spec/b.ts");')),
    [
      "runtime/plan/a.ts must name runtime/spec/b.ts by its room",
      "runtime/plan/a.ts must not use import(): it is not on the list of late ones",
    ],
  );
  const circle = [source("a/b/1.ts", 'import "./2.ts";'), source("a/b/2.ts", 'import "./1.ts";')];
  assertEquals(findCircles(circle), [["a/b/1.ts", "a/b/2.ts", "a/b/1.ts"]]);
  assert(IMPURE.test("const now = new Date();"), "the clock");
});
