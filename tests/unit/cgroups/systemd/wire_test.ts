import { assertEquals, assertThrows } from "@std/assert";
import { MessageType, serializeMessage } from "d-bus-message-protocol";
import { parseTypes } from "d-bus-type-system";
import {
  decodeMessage,
  encodeCall,
  encodeProperty,
  messageLength,
} from "runtime/cgroups/systemd/wire.ts";
import { property } from "runtime/cgroups/systemd/property.ts";
import { encodeHex } from "tests/support/hex.ts";

const CALL = {
  destination: "org.x",
  path: "/a",
  interface: "org.x.I",
  member: "Set",
  signature: "sa(sv)",
};

Deno.test("encodeCall() writes the bytes of the D-Bus specification", () => {
  const args = ["u", [encodeProperty(property("Max", "t", 2n ** 64n - 1n))]];
  const bytes = encodeCall(3, { ...CALL, args });
  const expected =
    // Little endian, call, no flags, version 1; length of the body; serial; length of the fields.
    "6c010001 28000000 03000000 4c000000" +
    // Destination org.x, signature sa(sv), path /a, interface org.x.I, member Set; each from a multiple of 8 on.
    "06017300 05000000 6f72672e 78000000" +
    "08016700 06736128 73762900 00000000" +
    "01016f00 02000000 2f610000 00000000" +
    "02017300 07000000 6f72672e 782e4900" +
    "03017300 03000000 53657400 00000000" +
    // "u"; 24 bytes of structs, which begin at a multiple of 8: "Max", a t of all bits.
    "01000000 75000000 18000000 00000000" +
    "03000000 4d617800 01740000 00000000 ffffffff ffffffff";
  assertEquals(encodeHex(bytes), expected.replaceAll(" ", ""));
  assertEquals(messageLength(bytes), bytes.length);
});

Deno.test("messageLength() knows a message by its first 16 bytes", () => {
  const bytes = encodeCall(1, { ...CALL, signature: "", args: [] });
  assertEquals(messageLength(bytes.slice(0, 15)), null);
  assertEquals(messageLength(bytes.slice(0, 16)), bytes.length);
  assertThrows(() => messageLength(new Uint8Array(16)), RangeError);
  const huge = bytes.slice();
  huge[7] = 0x7f;
  assertThrows(() => messageLength(huge), RangeError, "too many");
});

Deno.test("decodeMessage() reads answers, errors and signals", () => {
  const types = parseTypes("uoss");
  const args = [1, "/job/1", "x.scope", "done"] as const;
  const signal = serializeMessage({
    messageType: MessageType.Signal,
    serial: 4,
    objectPath: "/a",
    interfaceName: "org.x.I",
    memberName: "JobRemoved",
    types,
    args,
  });
  assertEquals(decodeMessage(new Uint8Array(signal)), {
    kind: "signal",
    member: "JobRemoved",
    args: [...args],
  });
  const reply = { messageType: MessageType.MethodReturn, serial: 5, replySerial: 2 } as const;
  assertEquals(decodeMessage(new Uint8Array(serializeMessage(reply))), {
    kind: "reply",
    to: 2,
    args: [],
  });
  const error = serializeMessage({
    messageType: MessageType.Error,
    serial: 6,
    replySerial: 3,
    errorName: "org.x.Wrong",
    types: parseTypes("s"),
    args: ["It is wrong."],
  });
  assertEquals(decodeMessage(new Uint8Array(error)), {
    kind: "error",
    to: 3,
    name: "org.x.Wrong",
    text: "It is wrong.",
  });
});
