import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { pages } from "runtime/commands/man.ts";
import { roffText } from "runtime/commands/man/roff.ts";
import { SMALL_CATALOGUE, wholeCatalogue } from "tests/support/catalogue.ts";

const TIDY_PAGE = `.\\" Written by "ocirt man".
.TH OCIRT\\-TIDY 8 "" "ocirt 1.2.3" "System Manager\\(aqs Manual"
.SH NAME
ocirt\\-tidy \\- tidy up
.SH SYNOPSIS
\\fBocirt tidy\\fP [\\fIoptions\\fP] <container\\-id>
.br
\\fBocirt tidy\\fP [\\fIoptions\\fP] \\-\\-all
.SH DESCRIPTION
Tidies what
\\(aqocirt make\\(aq left.
.PP
.in +4n
.EX
\\&.dot
.EE
.in
.PP
No more.
.SH OPTIONS
.TP
\\fB\\-\\-force\\fP, \\fB\\-f\\fP
even [so]: now
.TP
\\fB\\-\\-into\\fP \\fIDIR\\fP
where it goes
.TP
\\fB\\-\\-form\\fP \\fIvalue\\fP
the form (one of: a, b) (default: a)
.TP
\\fB\\-\\-help\\fP, \\fB\\-h\\fP
show help
.SH EXIT STATUS
.TP
0
success
.TP
1
failure; standard error says what could not be done, and why
.SH EXAMPLES
.TP
\\fBocirt tidy \\-f mine\\fP
even so
.SH SEE ALSO
.BR ocirt (8)
`;

const OPTIONS = { program: "ocirt", version: "1.2.3" };

Deno.test("roffText() keeps letters that roff would change, and lines that it would take for requests", () => {
  assertEquals(roffText("a-b 'c' \\d ~/x"), "a\\-b \\(aqc\\(aq \\ed \\(ti/x");
  assertEquals(roffText("one\n.two\n'three"), "one\n\\&.two\n\\(aqthree");
});

Deno.test("a command's page has its flags, statuses and examples, and no hidden flag", () => {
  assertEquals(
    pages(OPTIONS, SMALL_CATALOGUE).get("tidy"),
    TIDY_PAGE,
  );
});

Deno.test("the program's page names every command, and every page has all sections", async () => {
  const catalogue = await wholeCatalogue();
  const texts = pages(OPTIONS, catalogue);
  assertEquals(texts.size, catalogue.entries.length + 1);
  const whole = texts.get("") ?? "";
  for (const title of ["COMMANDS", "ENVIRONMENT", "FILES"]) assertMatch(whole, new RegExp(title));
  for (const { command: { name } } of catalogue.entries) {
    assertStringIncludes(whole, `.BR ocirt\\-${name} (8)`);
  }
  for (const text of texts.values()) {
    for (const title of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "SEE ALSO"]) {
      assertStringIncludes(text, `\n.SH ${title}\n`);
    }
    assert(!text.includes("%n"), "all names are filled in");
  }
});

Deno.test("pages refer only to pages that there are", async () => {
  const catalogue = await wholeCatalogue();
  const names = new Set([
    "ocirt",
    ...catalogue.entries.map(({ command }) => `ocirt-${command.name}`),
  ]);
  const texts = pages(OPTIONS, catalogue);
  assertMatch(texts.get("create") ?? "", /\n\.BR ocirt \(8\),\n[^]*\.BR ocirt\\-start \(8\)/);
  for (const [page, text] of texts) {
    for (const [, name = ""] of text.matchAll(/^\.BR (\S+) \(8\)/gm)) {
      assert(names.has(name.replaceAll("\\-", "-")), `${page} refers to ${name}`);
    }
  }
});
