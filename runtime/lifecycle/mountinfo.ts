/** One mount, as `/proc/PID/mountinfo` has it. */
export interface MountLine {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  /** Those of the mount, then those of the file system that say more. */
  readonly options: readonly string[];
}

/** Reads the text of a mountinfo (proc(5)); paths are as the process sees them. */
export function parseMountinfo(text: string): MountLine[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [head = "", tail = ""] = line.split(" - ");
    const [, , , , destination = "", options = ""] = head.split(" ");
    const [type = "", source = "", superOptions = ""] = tail.split(" ");
    const own = options.split(",");
    const more = superOptions.split(",").filter((it) => it !== "" && it !== "rw" && it !== "ro");
    return {
      destination: unescaped(destination),
      type,
      source: unescaped(source),
      options: [...own, ...more.filter((it) => !own.includes(it))],
    };
  });
}

/** Blanks and the like stand there as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
