import { ERRNO } from "syscalls/abi/errno.ts";
import { readCgroupFile } from "../tree.ts";
import type { PlacedWrite } from "./plan.ts";

/** The text of a file, or nothing. */
type ReadFile = (path: string) => string;

/** What may help against a limit that the kernel refuses; null where nothing is known. */
export function refusalHint(write: PlacedWrite, errno: number): string | null {
  const { file, place: { dir, hierarchy }, controller } = write;
  const read: ReadFile = (path) => (readCgroupFile(path) ?? "").trim();
  switch (errno) {
    case ERRNO.ENOENT:
      return hierarchy.version === 1
        ? "this kernel has no such limit"
        : `no cgroup above hands the controller "${controller}" on: one with processes of its own cannot`;
    case ERRNO.EBUSY:
      return file.startsWith("memory.") ? memoryHint(write, read) : null;
    case ERRNO.ERANGE:
      if (file === "cpu.shares") return sharesHint(write, read(`${dir}/${file}`));
      return rangeHint(write, read);
    case ERRNO.EACCES:
    case ERRNO.EINVAL:
      return rangeHint(write, read);
    default:
      return null;
  }
}

/** What the value is held against. */
function rangeHint({ file, place: { dir } }: PlacedWrite, read: ReadFile): string | null {
  const parent = dir.slice(0, dir.lastIndexOf("/"));
  if (file.startsWith("cpuset.")) return `the cgroup above has "${read(`${parent}/${file}`)}"`;
  if (file === "cpu.shares" || file === "cpu.weight") return "an idle cgroup has none";
  if (file.startsWith("cpu.")) return "the cgroup above may allow less";
  if (!/^memory\.(?:memsw\.)?limit_in_bytes$/.test(file)) return null;
  const other = file.includes("memsw") ? "memory.limit_in_bytes" : "memory.memsw.limit_in_bytes";
  return `memory+swap limit should be >= memory limit, and ${other} is ${read(`${dir}/${other}`)}`;
}

/** In runc's words. */
function sharesHint({ value }: PlacedWrite, actual: string): string {
  const bound = Number(value) > Number(actual) ? "maximum" : "minimum";
  return `the ${bound} allowed cpu-shares is ${actual}`;
}

/** In runc's words. */
function memoryHint(
  { value, place: { dir } }: PlacedWrite,
  read: ReadFile,
): string {
  const [usage, peak] = ["usage", "max_usage"].map((name) =>
    read(`${dir}/memory.${name}_in_bytes`)
  );
  return `unable to set memory limit to ${value} (current usage: ${usage}, peak usage: ${peak})`;
}
