/**
 * Writes runtime/spec/table.gen.ts, the tables that the runtime checks files with, from the zod schemas in
 * runtime/spec/schema.ts. With --check it writes nothing and fails when the file is out of date.
 *
 * Run: deno run --allow-read --allow-write scripts/generate_spec_table.ts [--check]
 */
import type { Table } from "runtime/spec/check_table.ts";
import {
  ConfigSchema,
  MountsSchema,
  ProcessSchema,
  ResourcesSchema,
  SeccompSchema,
} from "runtime/spec/schema.ts";

const TARGET = new URL("../runtime/spec/table.gen.ts", import.meta.url);

/** What the generator reads of a zod schema (zod's own types hide it behind type parameters). */
interface Schema {
  readonly _zod: { readonly def: Definition };
}

interface Definition {
  readonly type: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Check } }[];
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly entries?: Readonly<Record<string, string>>;
}

interface Check {
  readonly check: string;
  readonly value?: number | bigint;
}

/** The table of a schema. Throws where the schema uses something that tables cannot say. */
export function tableOf(schema: unknown): Table {
  const { def } = (schema as Schema)._zod;
  switch (def.type) {
    case "optional":
      return tableOf(def.innerType);
    case "string":
      return def.checks === undefined ? ["text"] : ["string"];
    case "boolean":
      return ["boolean"];
    case "number":
    case "bigint":
      return ["integer", bound(def, "greater_than"), bound(def, "less_than")];
    case "union":
      return wideInteger(def);
    case "enum":
      return ["word", Object.values(def.entries ?? {})];
    case "array":
      return ["list", tableOf(def.element)];
    case "record":
      return ["map", tableOf(def.valueType)];
    case "object":
      return objectTable(def);
    default:
      throw new TypeError(`Cannot write a table for a zod ${def.type}`);
  }
}

function bound(def: Definition, check: "greater_than" | "less_than"): number | bigint {
  const found = def.checks?.find(({ _zod }) => _zod.def.check === check)?._zod.def.value;
  if (found === undefined) {
    throw new TypeError(`Cannot write a table for an integer without ${check}`);
  }
  return found;
}

/** 64-bit integers are a union of number and bigint; the bigint has the bounds. */
function wideInteger(def: Definition): Table {
  const bigint = def.options?.find(({ _zod }) => _zod.def.type === "bigint");
  if (bigint === undefined) {
    throw new TypeError("Cannot write a table for a union without a bigint");
  }
  return tableOf(bigint);
}

function objectTable(def: Definition): Table {
  const entries = Object.entries(def.shape ?? {});
  const isRequired = ([, schema]: [string, Schema]): boolean => schema._zod.def.type !== "optional";
  const required = entries.filter(isRequired);
  const ordered = [...required, ...entries.filter((entry) => !isRequired(entry))];
  return [
    "object",
    ordered.map(([name]) => name),
    ordered.map(([, schema]) => tableOf(schema)),
    required.length,
  ];
}

/** Writes tables as TypeScript; equal ones are written once, as a constant of their own. */
class Writer {
  readonly #constants = new Map<string, string>();

  write(table: Table): string {
    const text = this.#text(table);
    if (text.length < 16) return text;
    const known = this.#constants.get(text);
    if (known !== undefined) return known;
    const name = `T${this.#constants.size}`;
    this.#constants.set(text, name);
    return name;
  }

  #text(table: Table): string {
    switch (table[0]) {
      case "integer":
        return `["integer", ${literal(table[1])}, ${literal(table[2])}]`;
      case "list":
      case "map":
        return `["${table[0]}", ${this.write(table[1])}]`;
      case "object": {
        const names = JSON.stringify(table[1]);
        const tables = table[2].map((entry) => this.write(entry)).join(", ");
        return `["object", ${names}, [${tables}], ${table[3]}]`;
      }
      default:
        return JSON.stringify(table);
    }
  }

  declarations(): string {
    return [...this.#constants].map(([text, name]) => `const ${name}: Table = ${text};\n`).join("");
  }
}

function literal(value: number | bigint): string {
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** The text of table.gen.ts. */
export function generate(): string {
  const writer = new Writer();
  const exported = [
    ["CONFIG_TABLE", "config.json", ConfigSchema],
    ["PROCESS_TABLE", "the file of `exec --process`", ProcessSchema],
    ["RESOURCES_TABLE", "the file of `update --resources`", ResourcesSchema],
    ["MOUNTS_TABLE", "the file of `mounts add`", MountsSchema],
    ["SECCOMP_TABLE", "a profile for `seccomp test`", SeccompSchema],
  ] as const;
  const exports = exported.map(([name, what, schema]) =>
    `\n/** What ${what} must look like. */\nexport const ${name}: Table = ${
      writer.write(tableOf(schema))
    };\n`
  );
  return "// Generated by scripts/generate_spec_table.ts from runtime/spec/schema.ts. Do not edit.\n" +
    `import type { Table } from "./check_table.ts";\n\n${writer.declarations()}${exports.join("")}`;
}

function main(args: readonly string[]): number {
  const text = generate();
  if (!args.includes("--check")) {
    Deno.writeTextFileSync(TARGET, text);
    return 0;
  }
  if (Deno.readTextFileSync(TARGET) === text) return 0;
  console.error(
    "runtime/spec/table.gen.ts is out of date; run: deno run -A scripts/generate_spec_table.ts",
  );
  return 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
