import { assertEquals } from "@std/assert";
import { command as create } from "runtime/commands/create.ts";
import { bundleOf, createOptions } from "runtime/commands/launch_flags.ts";
import { command as run } from "runtime/commands/run.ts";
import { invocation } from "./invocation.ts";

Deno.test("createOptions() is the caller's folder, its config.json and nothing special by default", () =>
  assertEquals(createOptions(invocation(create, ["c1"])), {
    id: "c1",
    bundle: ".",
    configFile: "config.json",
    pidFile: null,
    consoleSocket: null,
    pidfdSocket: null,
    noPivot: false,
    noNewKeyring: false,
    preserveFds: 0,
  }));

Deno.test("createOptions() passes every flag on, paths as typed, for create as for run", () => {
  const tokens = ["-b", "b", "-f", "c", "--pid-file", "p", "--console-socket=s", "c1"];
  tokens.push("--pidfd-socket", "q", "--no-pivot", "--no-new-keyring", "--preserve-fds", "2");
  for (const command of [create, run]) {
    assertEquals(createOptions(invocation(command, tokens)), {
      id: "c1",
      bundle: "b",
      configFile: "c",
      pidFile: "p",
      consoleSocket: "s",
      pidfdSocket: "q",
      noPivot: true,
      noNewKeyring: true,
      preserveFds: 2,
    });
  }
});

Deno.test("bundleOf() takes empty texts for flags that were not given, as runc does", () =>
  assertEquals(bundleOf(invocation(create, ["--bundle=", "--config=", "c1"])), {
    bundle: ".",
    configFile: "config.json",
  }));
