import { openFlags, S_IF } from "syscalls/abi/open.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { type FileStat, fileStat, openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { ContainerRecord } from "runtime/state/record.ts";

/** The file beside the images that tells what standard input, output and error were; runc's and crun's name and form. */
const FILE = "descriptors.json";

/** Majors of the slaves of pseudoterminals (Documentation/admin-guide/devices.txt). */
const PTS_MAJORS = { first: 136, last: 143 } as const;

/** The standard streams of an init, by the names that CRIU has for what is not the container's own; "" for what is. */
export type StreamNames = readonly string[];

/**
 * The names of the streams: pipes as the init was given them, since those that it has now may be its own, and files and terminals of
 * the host as they are now.
 */
export function streamNames({ pid, streams }: ContainerRecord): StreamNames {
  if (streams.length === 0) return [];
  const own = mountIds(pid);
  return streams.map((stream, number) =>
    stream.startsWith("pipe:") ? stream : hostFileName(pid, number, own) ?? stream
  );
}

/** Those of the names that are to be told to CRIU before a dump: it finds pipes by itself. */
export function externalStreams(names: StreamNames): string[] {
  return [...new Set(names.filter((name) => /^(?:file|tty)\[/.test(name)))];
}

/** Those that a restored container is given anew, with the number of the stream. */
export function inheritedStreams(names: StreamNames): { key: string; fd: number }[] {
  const found = new Map<string, number>();
  names.forEach((name, number) => {
    if (/^(?:pipe:|file\[|tty\[)/.test(name) && !found.has(name)) found.set(name, number);
  });
  return [...found].map(([key, fd]) => ({ key, fd }));
}

export function writeStreams(imagePath: string, names: StreamNames): void {
  const file = `${imagePath}/${FILE}`;
  try {
    Deno.writeTextFileSync(file, JSON.stringify(names), { mode: 0o600 });
  } catch (cause) {
    throw new HostError(`Cannot write ${file}: ${ioReason(cause)}`, { cause });
  }
}

/** @throws {HostError} when the folder has no images that a runtime made */
export function readStreams(imagePath: string): StreamNames {
  const file = `${imagePath}/${FILE}`;
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new HostError(
      `Cannot read ${file}: ${ioReason(cause)}; hint: --image-path is the folder of a checkpoint`,
      { cause },
    );
  }
  const names = parse(text);
  if (names !== null) return names;
  throw new HostError(`Cannot use ${file}: it is no list of texts`);
}

function parse(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
    return isList ? value : null;
  } catch {
    return null;
  }
}

/** The mounts that the container has, as /proc numbers them. */
function mountIds(pid: number): ReadonlySet<string> {
  const lines = Deno.readTextFileSync(`/proc/${pid}/mountinfo`).split("\n");
  return new Set(lines.map((line) => line.slice(0, line.indexOf(" "))));
}

/** CRIU's name of a file of the host's; null for one that it dumps by itself, or not at all. */
function hostFileName(pid: number, number: number, own: ReadonlySet<string>): string | null {
  const described = bestEffort("it may have been closed", () => describe(pid, number));
  if (described === null || own.has(described.mount)) return null;
  const { mount, stat } = described;
  const type = stat.mode & S_IF.S_IFMT;
  if (type === S_IF.S_IFREG || type === S_IF.S_IFIFO) return fileName(mount, stat);
  if (type !== S_IF.S_IFCHR) return null;
  const { major, minor } = stat.rdev;
  const isTerminal = major >= PTS_MAJORS.first && major <= PTS_MAJORS.last;
  if (!isTerminal) return fileName(mount, stat);
  return `tty[${device(major, minor)}:${device(stat.dev.major, stat.dev.minor)}]`;
}

function describe(pid: number, number: number): { mount: string; stat: FileStat } {
  using file = openFile(`/proc/${pid}/fd/${number}`, openFlags(hostArch()).of("O_PATH"));
  const stat = fileStat(file.fd);
  const info = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${number}`);
  return { stat, mount: /^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? "" };
}

function fileName(mount: string, { ino }: FileStat): string {
  return `file[${Number(mount).toString(16)}:${ino.toString(16)}]`;
}

/** A device number as stat(2) has it, in hexadecimal (makedev(3)). */
function device(major: number, minor: number): string {
  return (BigInt(minor & 0xff) | BigInt(major) << 8n | BigInt(minor >> 8) << 20n).toString(16);
}
