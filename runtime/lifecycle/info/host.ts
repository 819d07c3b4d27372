import { isSuperuser } from "./caller.ts";
import { type Answer, fact, no, type Topic, unknown, yes } from "./answer.ts";
import { linesOf, type Machine } from "./machine.ts";

/** This program. */
export const PROGRAM: Topic = {
  name: "runtime",
  title: "Runtime",
  questions: [
    { name: "name", title: "called as", ask: ({ program }) => fact(program.name) },
    {
      name: "version",
      title: "version",
      ask: ({ program }) => fact(program.version),
    },
    { name: "commit", title: "commit", ask: ({ program }) => fact(program.commit) },
    {
      name: "link",
      title: "executable",
      ask: ({ program }) => fact(LINKS[program.link] ?? program.link),
    },
    {
      name: "specification",
      title: "specification",
      ask: ({ program }) => fact(`${program.oldest} to ${program.newest}`),
    },
    { name: "stateRoot", title: "state root", ask: stateRoot },
  ],
};

const LINKS: Readonly<Record<string, string>> = {
  embed: "one file, embedded into deno",
  compile: "one file, compiled with denort",
  none: "the sources as they are",
};

/** The machine, its kernel and who asks. */
export const HOST: Topic = {
  name: "host",
  title: "Host",
  questions: [
    { name: "kernel", title: "kernel", ask: kernel },
    { name: "kernelBuild", title: "build of the kernel", ask: kernelBuild },
    { name: "architecture", title: "architecture", ask: ({ arch }) => fact(arch) },
    { name: "system", title: "system", ask: system },
    { name: "user", title: "caller", ask: user },
    { name: "processors", title: "processors", ask: processors },
    { name: "memory", title: "memory", ask: memory },
    { name: "swap", title: "swap", ask: swap },
    { name: "hugePages", title: "huge pages", ask: hugePages },
    { name: "pressure", title: "pressure (PSI)", ask: pressure },
    { name: "resctrl", title: "resctrl", ask: resctrl },
  ],
};

function stateRoot(machine: Machine): Answer {
  const { stateRoot } = machine.program;
  // The folder is made when it is first needed.
  let nearest = stateRoot;
  while (!machine.exists(nearest) && nearest.includes("/", 1)) {
    nearest = nearest.slice(0, nearest.lastIndexOf("/"));
  }
  if (machine.mayWrite(nearest)) return yes(stateRoot);
  const hint = isSuperuser(machine)
    ? "name another one with --root"
    : "name a folder of your own with --root, or in XDG_RUNTIME_DIR";
  return no(`${nearest} cannot be written to`, { effect: "no container can be made", hint });
}

function kernel(machine: Machine): Answer {
  const [major, minor] = machine.kernel;
  if (major > 5 || major === 5 && minor >= 12) return yes(machine.release);
  return no(`${machine.release} is older than 5.12`, {
    effect: "containers cannot be made: mounts need calls that it does not have",
    hint: "install a newer kernel",
  });
}

function kernelBuild(machine: Machine): Answer {
  return textOf(machine, "/proc/sys/kernel/version");
}

/** Which of them are on line: 0-7,16. */
function processors(machine: Machine): Answer {
  return textOf(machine, "/sys/devices/system/cpu/online");
}

function textOf(machine: Machine, file: string): Answer {
  const text = machine.read(file);
  return text === null ? unknown(`${file} cannot be read`) : fact(text);
}

function memory(machine: Machine): Answer {
  const size = sizeInMemory(machine, "MemTotal");
  return size === null ? unknown("/proc/meminfo does not tell") : fact(size);
}

/** In MiB; null for nothing. */
function sizeInMemory(machine: Machine, name: string): string | null {
  const lines = linesOf(machine, "/proc/meminfo");
  const [, total] = lines.map((line) => line.split(/:? +/)).find(([it]) => it === name) ?? [];
  return Number(total ?? 0) === 0 ? null : `${Math.round(Number(total) / 1024)} MiB`;
}

function system(machine: Machine): Answer {
  const [, name] = /^PRETTY_NAME="?([^"\n]*)/m.exec(machine.read("/etc/os-release") ?? "") ?? [];
  return fact(name ?? "not named in /etc/os-release");
}

function user({ caller: { uid, gid, name, inUserNamespace } }: Machine): Answer {
  const who = uid === 0
    ? inUserNamespace ? "root of a user namespace" : "root"
    : "an ordinary user";
  return fact(`${name ?? uid} (uid ${uid}, gid ${gid}): ${who}`);
}

function swap(machine: Machine): Answer {
  const size = sizeInMemory(machine, "SwapTotal");
  if (size !== null) return yes(size);
  return no("this host has no swap", { effect: "limits of swap have nothing to limit" });
}

/** As `hugepageLimits[].pageSize` has them: 2MB, 1GB. */
function hugePages(machine: Machine): Answer {
  const sizes = machine.names("/sys/kernel/mm/hugepages").flatMap((name) => {
    const [, kilobytes] = /^hugepages-(\d+)kB$/.exec(name) ?? [];
    return kilobytes === undefined ? [] : [Number(kilobytes)];
  }).sort((a, b) => a - b);
  if (sizes.length === 0) {
    return no("this kernel has no huge pages", { effect: "hugepageLimits cannot be set" });
  }
  return yes(sizes.map(sizeWords));
}

function sizeWords(kilobytes: number): string {
  const units = ["KB", "MB", "GB"];
  let [size, unit] = [kilobytes, 0];
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size}${units[unit]}`;
}

function pressure(machine: Machine): Answer {
  if (machine.read("/proc/pressure/cpu") !== null) return yes();
  return no("this kernel counts none", {
    effect: "events has no pressure",
    hint: "start the kernel with psi=1",
  });
}

function resctrl(machine: Machine): Answer {
  const knows = linesOf(machine, "/proc/filesystems").includes("nodev\tresctrl");
  const effect = "linux.intelRdt is refused";
  if (!knows) return no("the processor or the kernel cannot divide caches", { effect });
  if (machine.program.lacks.includes("intelRdt")) {
    return yes(null, { effect: `${effect} all the same` });
  }
  const mount = linesOf(machine, "/proc/self/mountinfo").find((line) =>
    line.includes(" - resctrl ")
  );
  if (mount !== undefined) return yes(mount.split(" ")[4] ?? null);
  return no("it is not mounted", { effect, hint: "mount -t resctrl resctrl /sys/fs/resctrl" });
}
