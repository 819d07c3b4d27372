import { assertEquals, assertThrows } from "@std/assert";
import { HostError } from "runtime/base/errors.ts";
import { Manager } from "runtime/cgroups/systemd/manager.ts";
import { property } from "runtime/cgroups/systemd/property.ts";
import { type Answer, type FakeSystemd, fakeSystemd } from "tests/support/fake_systemd.ts";

const UNIT = "runc-c1.scope";
const PROPERTIES = [property("TasksMax", "t", 5n)];

function managerOf({ address }: FakeSystemd): Manager {
  return new Manager({ addresses: address, isSystem: false });
}

/** A job that ends well, after another one that ends badly. */
const DONE: Answer = { reply: ["o", "/job/7"], jobs: [["/job/6", "failed"], ["/job/7", "done"]] };

async function members(systemd: FakeSystemd): Promise<unknown[]> {
  return (await systemd.calls()).map(([member]) => member);
}

Deno.test("start() makes a unit and waits for the end of its job, whatever else ends meanwhile", async () => {
  await using systemd = await fakeSystemd({ StartTransientUnit: [DONE] });
  {
    using manager = managerOf(systemd);
    manager.start(UNIT, PROPERTIES);
  }
  const [auth, hello, match, start] = await systemd.calls();
  assertEquals(auth, ["(authentication)", "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"]);
  assertEquals(hello, ["Hello"]);
  assertEquals(match, [
    "AddMatch",
    "type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
  ]);
  assertEquals(start?.slice(0, 3), ["StartTransientUnit", UNIT, "replace"]);
  const [[name, [type, value]]] = start?.[3] as [[string, [{ typeCode: string }, string]]];
  assertEquals([name, type.typeCode, value], ["TasksMax", "t", "5"]);
});

Deno.test("start() knows a job that has ended before it was announced", async () => {
  const early = { reply: ["o", "/job/7"], jobs: [["/job/7", "done"]] } as const;
  await using systemd = await fakeSystemd({ StartTransientUnit: [early] });
  using manager = managerOf(systemd);
  manager.start(UNIT, []);
});

Deno.test("start() takes away the remains of a unit that has failed, and tries again once", async () => {
  const exists = { error: "org.freedesktop.systemd1.UnitExists" };
  await using systemd = await fakeSystemd({ StartTransientUnit: [exists, DONE] });
  {
    using manager = managerOf(systemd);
    manager.start(UNIT, []);
  }
  assertEquals((await members(systemd)).slice(3), [
    "StartTransientUnit",
    "ResetFailedUnit",
    "StartTransientUnit",
  ]);
});

Deno.test("start() leaves alone a unit that exists", async () => {
  const exists = { error: "org.freedesktop.systemd1.UnitExists" };
  await using systemd = await fakeSystemd({ StartTransientUnit: [exists, exists] });
  {
    using manager = managerOf(systemd);
    assertThrows(
      () => manager.start(UNIT, []),
      HostError,
      `Cannot start unit ${UNIT}: org.freedesktop.systemd1.UnitExists (It is so)`,
    );
  }
  assertEquals((await members(systemd)).includes("StopUnit"), false);
});

Deno.test("start() stops a unit whose job fails", async () => {
  const failed = { reply: ["o", "/job/7"], jobs: [["/job/7", "failed"]] } as const;
  await using systemd = await fakeSystemd({ StartTransientUnit: [failed], StopUnit: [DONE] });
  {
    using manager = managerOf(systemd);
    assertThrows(() => manager.start(UNIT, []), HostError, `Cannot start unit ${UNIT}: failed`);
  }
  assertEquals((await members(systemd)).slice(4), ["StopUnit", "ResetFailedUnit"]);
});

Deno.test("stop() is content with a unit that is gone, and tells of one that does not go", async () => {
  const gone = { error: "org.freedesktop.systemd1.NoSuchUnit" };
  const busy = { error: "org.freedesktop.DBus.Error.AccessDenied" };
  await using systemd = await fakeSystemd({ StopUnit: [gone, busy, DONE] });
  using manager = managerOf(systemd);
  assertEquals(manager.stop(UNIT), null);
  assertEquals(
    manager.stop(UNIT),
    `Cannot stop unit ${UNIT}: org.freedesktop.DBus.Error.AccessDenied (It is so)`,
  );
  assertEquals(manager.stop(UNIT), null);
});

Deno.test("a bus that is started anew is called once more, and not for ever", async () => {
  const gone = { hangsUp: true };
  await using systemd = await fakeSystemd({
    SetUnitProperties: [gone, {}, gone, gone, gone, gone],
  });
  using manager = managerOf(systemd);
  manager.setProperties(UNIT, PROPERTIES);
  assertThrows(() => manager.setProperties(UNIT, []), HostError, "it has hung up");
});

Deno.test("attach() and setProperties() name the unit and what becomes of it", async () => {
  await using systemd = await fakeSystemd({});
  {
    using manager = managerOf(systemd);
    manager.attach(UNIT, "/", 7);
    manager.setProperties(UNIT, []);
  }
  assertEquals((await systemd.calls()).slice(3), [
    ["AttachProcessesToUnit", UNIT, "/", [7]],
    ["SetUnitProperties", UNIT, true, []],
  ]);
});

Deno.test("a bus that lets nobody in is told", async () => {
  await using systemd = await fakeSystemd({}, "REJECTED EXTERNAL\r\n");
  using manager = managerOf(systemd);
  assertThrows(() => manager.version(), HostError, `it answers "REJECTED EXTERNAL"`);
});

Deno.test("no bus is told with a hint", () => {
  using manager = new Manager({ addresses: "unix:path=/nowhere/bus", isSystem: false });
  assertThrows(
    () => manager.version(),
    HostError,
    'Cannot connect to systemd: Cannot connect to "/nowhere/bus": ENOENT (No such file or directory); hint:',
  );
});
