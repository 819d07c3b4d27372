const OWN_NAME = "ocirt";

/** The name that the program presents itself by: that of the file it was called by, as for a link named `runc`. */
export function programNameOf(argv0: string): string {
  const name = argv0.slice(argv0.lastIndexOf("/") + 1);
  // Run from its sources, the file is the engine's; and a name is put into paths and messages, so it must be a plain one.
  if (name === OWN_NAME || name === "deno") return OWN_NAME;
  return /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(name) ? name : OWN_NAME;
}
