import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { programText } from "scripts/build/bundle.ts";
import { ElfError } from "scripts/build/elf.ts";
import { changeEngine, ENGINE_ENVIRONMENT } from "scripts/build/engine.ts";
import { buildOptions } from "scripts/build/options.ts";
import { unzip } from "scripts/build/zip.ts";
import { tinyElf } from "tests/support/tiny_elf.ts";

Deno.test("buildOptions() takes values with and without an equals sign", () => {
  const options = buildOptions(["--link", "embed", "--no-prelink", "--output=a=b"]);
  assertEquals([options.link, options.prelink, options.output], ["embed", false, "a=b"]);
  assertEquals(buildOptions([]).link, "auto");
});

Deno.test("buildOptions() names the argument that it does not know", () => {
  assertThrows(() => buildOptions(["--link=static"]), Error, "--link=static");
  assertThrows(() => buildOptions(["--main"]), Error, "Cannot build with --main;");
  assertThrows(() => buildOptions(["x", "y"]), Error, "Cannot build with x=y");
});

Deno.test("programText() defines what the build knew before the program runs", () => {
  const info = { version: "1", commit: "c", link: "embed", entryStub: true } as const;
  const start = "globalThis.seen = [OCIRT_BUILD.commit, F(7)];";
  const text = programText({ start, later: new Map([[7, 'say("x")']]) }, info);
  // deno-lint-ignore no-eval
  (0, eval)(text);
  const globals = globalThis as { seen?: unknown; OCIRT_BUILD?: unknown };
  assertEquals(globals.seen, ["c", 'say("x")']);
  delete globals.OCIRT_BUILD;
  assertEquals(text.endsWith("\n//# sourceURL=ocirt.js\n"), true);
});

Deno.test("changeEngine() tells why it does not prelink, and still adds the stub", () => {
  const lines: string[] = [];
  const warn = (line: string): number => lines.push(line);
  const withRelr = tinyElf([[36, 0]]);
  const changed = changeEngine(withRelr, { argv: ["ocirt"], prelink: true, warn });
  assertEquals(lines.length, 1);
  assertEquals(lines[0]?.includes("unknown tag 0x24"), true);
  const text = new TextDecoder("latin1").decode(changed);
  for (const variable of ENGINE_ENVIRONMENT) assertEquals(text.includes(`${variable}\0`), true);
});

Deno.test("changeEngine() refuses an engine that does not import environ", () => {
  const bytes = tinyElf();
  const at = new TextDecoder("latin1").decode(bytes).indexOf("environ");
  bytes[at] = 0x45;
  const change = { argv: ["ocirt"], prelink: false, warn: () => {} };
  assertThrows(() => changeEngine(bytes, change), ElfError, "environ");
});

Deno.test("unzip() reads stored and deflated files", async () => {
  const content = new TextEncoder().encode("denort ".repeat(50));
  const stream = new Blob([content]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const deflated = await new Response(stream).bytes();
  assertEquals(await unzip(zipOf("denort", deflated, 8), "denort"), content);
  assertEquals(await unzip(zipOf("denort", content, 0), "denort"), content);
  const refusal = (archive: Uint8Array<ArrayBuffer>): Promise<string> =>
    unzip(archive, "denort").then(() => "unzipped", (error: Error) => error.message);
  assertStringIncludes(await refusal(zipOf("x", content, 0)), 'Cannot find "denort"');
  assertStringIncludes(await refusal(content), "no end record");
});

/** A zip archive with one file: local header, content, directory, end record. */
function zipOf(name: string, content: Uint8Array, method: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(30 + name.length + content.length + 46 + name.length + 22);
  const view = new DataView(bytes.buffer);
  const encoded = new TextEncoder().encode(name);
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(26, name.length, true);
  bytes.set(encoded, 30);
  bytes.set(content, 30 + name.length);
  const directory = 30 + name.length + content.length;
  view.setUint32(directory, 0x02014b50, true);
  view.setUint16(directory + 10, method, true);
  view.setUint32(directory + 20, content.length, true);
  view.setUint16(directory + 28, name.length, true);
  bytes.set(encoded, directory + 46);
  const end = directory + 46 + name.length;
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 10, 1, true);
  view.setUint32(end + 16, directory, true);
  return bytes;
}
