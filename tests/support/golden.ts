import { assertEquals } from "@std/assert";

const FOLDER = new URL("../golden/", import.meta.url);

/**
 * Compares a text with the file that keeps what it was when a person last looked at it.
 * With OCIRT_UPDATE_GOLDEN=1 it is written instead, for the person to look at the difference.
 */
export function assertGolden(name: string, text: string): void {
  const file = new URL(name, FOLDER);
  if (Deno.env.get("OCIRT_UPDATE_GOLDEN") === "1") {
    Deno.mkdirSync(new URL(".", file), { recursive: true });
    Deno.writeTextFileSync(file, text);
    return;
  }
  assertEquals(text, Deno.readTextFileSync(file), `tests/golden/${name}`);
}
