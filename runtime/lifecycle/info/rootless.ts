import { RANGES_IN, subordinateRanges } from "runtime/host/subordinate_ids.ts";
import { type Answer, no, type Topic, yes } from "./answer.ts";
import type { Machine } from "./machine.ts";

/** What ordinary users need. */
export const ROOTLESS: Topic = {
  name: "rootless",
  title: "Ordinary users",
  questions: [
    { name: "subuid", title: "user ids", ask: (machine) => ranges(machine, "uid") },
    { name: "subgid", title: "group ids", ask: (machine) => ranges(machine, "gid") },
    { name: "newuidmap", title: "newuidmap", ask: (machine) => tool(machine, "newuidmap") },
    { name: "newgidmap", title: "newgidmap", ask: (machine) => tool(machine, "newgidmap") },
    { name: "runtimeDir", title: "XDG_RUNTIME_DIR", ask: runtimeDir },
  ],
};

const ONE_ID = "a container of an ordinary user has one id, the caller's own";

/** As `first-last`. */
function ranges(machine: Machine, kind: "uid" | "gid"): Answer {
  const { uid, name } = machine.caller;
  const file = RANGES_IN[kind];
  const found = subordinateRanges(machine.read(file) ?? "", machine.caller);
  if (found.length > 0) {
    return yes(found.map(({ first, count }) => `${first}-${first + count - 1}`));
  }
  if (uid === 0) return no("root needs none");
  return no(`${file} has no line for ${name ?? uid}`, {
    effect: ONE_ID,
    hint: `usermod --add-sub${kind}s 100000-165535 ${name ?? uid}`,
  });
}

function tool(machine: Machine, name: string): Answer {
  const file = machine.find(name);
  const effect = ONE_ID;
  if (file === null) {
    return no("it is not in PATH", { effect, hint: "install the package uidmap or shadow-utils" });
  }
  if (machine.raisesRights(file)) return yes(file);
  return no(`${file} has neither the setuid bit nor capabilities`, {
    effect,
    hint: `chmod u+s ${file}`,
  });
}

function runtimeDir(machine: Machine): Answer {
  const dir = machine.variable("XDG_RUNTIME_DIR");
  if (dir !== undefined && dir !== "") return yes(dir);
  if (machine.caller.uid === 0) return no("it is not set, and root needs none");
  return no("it is not set", {
    effect: `the state root would be ${machine.program.stateRoot}`,
    hint: "log in as the user, or name a folder with --root",
  });
}
