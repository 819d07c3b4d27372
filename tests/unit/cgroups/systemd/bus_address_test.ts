import { assertEquals } from "@std/assert";
import {
  socketPaths,
  systemBusAddress,
  userBusAddress,
} from "runtime/cgroups/systemd/bus_address.ts";

const from = (variables: Record<string, string>) => (name: string): string | undefined =>
  variables[name];

Deno.test("socketPaths() gives the Unix sockets of an address, in order", () => {
  assertEquals(socketPaths("unix:path=/run/bus"), ["/run/bus"]);
  assertEquals(socketPaths("tcp:host=x,port=1;unix:abstract=/tmp/a,guid=12;unix:path=/b"), [
    "\0/tmp/a",
    "/b",
  ]);
  assertEquals(socketPaths("unix:path=/a%20b%c3%a9"), ["/a b\u00e9"]);
  assertEquals(socketPaths(""), []);
  assertEquals(socketPaths("unix:tmpdir=/tmp"), []);
});

Deno.test("the system's bus is where its variable says, or where it always is", () => {
  assertEquals(socketPaths(systemBusAddress(from({}))), ["/var/run/dbus/system_bus_socket"]);
  const variables = { DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/x" };
  assertEquals(systemBusAddress(from(variables)), "unix:path=/x");
});

Deno.test("a user's bus is the session's, or the one in the user's runtime folder", () => {
  const folder = { XDG_RUNTIME_DIR: "/run/user/1,0" };
  assertEquals(
    userBusAddress(from({ ...folder, DBUS_SESSION_BUS_ADDRESS: "unix:path=/s" }), () => true),
    "unix:path=/s",
  );
  const address = userBusAddress(from(folder), (path) => path === "/run/user/1,0/bus");
  assertEquals(address, "unix:path=/run/user/1%2c0/bus");
  assertEquals(socketPaths(address ?? ""), ["/run/user/1,0/bus"]);
  assertEquals(userBusAddress(from(folder), () => false), null);
  assertEquals(userBusAddress(from({}), () => true), null);
});
