import { assertEquals } from "@std/assert";
import { activation } from "runtime/lifecycle/preserved_fds.ts";
import { pidfdSockets } from "runtime/lifecycle/pidfd_socket.ts";
import { withVariables } from "runtime/lifecycle/variables.ts";
import { validWith } from "tests/support/spec_fixtures.ts";

function activated(env: Readonly<Record<string, string>>): readonly [number, readonly string[]] {
  const { count, variables } = activation((name) => env[name], 42);
  return [count, variables];
}

Deno.test("sockets of a service manager count for the process that LISTEN_PID names", () => {
  const three = { LISTEN_FDS: "3", LISTEN_PID: "42" };
  assertEquals(activated(three), [3, ["LISTEN_FDS=3", "LISTEN_PID=1"]]);
  assertEquals(activated({ ...three, LISTEN_FDNAMES: "a::b" }), [
    3,
    ["LISTEN_FDS=3", "LISTEN_PID=1", "LISTEN_FDNAMES=a::b"],
  ]);
  for (const LISTEN_PID of ["43", "", "42 ", "0x2a", "-42"]) {
    assertEquals(activated({ ...three, LISTEN_PID }), [0, []]);
  }
  for (const LISTEN_FDS of ["0", "", "-3", "x", "1e3", "99999999999999999999"]) {
    assertEquals(activated({ ...three, LISTEN_FDS }), [0, []]);
  }
  assertEquals(activated({ LISTEN_FDS: "3" }), [0, []]);
});

Deno.test("withVariables() puts variables in the place of those of the same name", () => {
  const spec = validWith((config) => config.process.env = ["A=1", "LISTEN_PID=7", "AB=2", "A="]);
  const { process } = withVariables(spec, ["A=3", "C=4"]);
  assertEquals(process?.env, ["LISTEN_PID=7", "AB=2", "A=3", "C=4"]);
  assertEquals(withVariables(spec, []), spec);
});

Deno.test("a pidfd goes to the socket of the command line and to the annotation's", () => {
  assertEquals(pidfdSockets(null, {}), []);
  assertEquals(pidfdSockets("a", { "run.oci.pidfd_receiver": "/b" }), ["a", "/b"]);
});
