import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeAttributes,
  decodeNetlink,
  encodeNetlink,
  NLM_F,
  NLMSG,
} from "syscalls/abi/netlink.ts";
import { ifinfomsg, IFLA, RTM } from "syscalls/abi/rtnetlink.ts";
import { encodeHex } from "tests/support/hex.ts";

const REQUEST = {
  type: RTM.RTM_GETLINK,
  flags: Number(NLM_F.of("NLM_F_REQUEST", "NLM_F_ACK")),
  body: ifinfomsg.encode({ ifi_index: 7 }),
  attributes: new Map([[IFLA.IFLA_IFNAME, new TextEncoder().encode("eth0\0")]]),
};

Deno.test("a netlink message has its length, type, flags and number, then body and padded attributes", () => {
  assertEquals(
    encodeHex(encodeNetlink(REQUEST, 0x0102)),
    "2c000000 1200 0500 02010000 00000000".replaceAll(" ", "") +
      "00000000 07000000 00000000 00000000".replaceAll(" ", "") +
      "0900 0300 6574683000 000000".replaceAll(" ", ""),
  );
});

Deno.test("what one receive gives is taken apart into messages, and these into attributes", () => {
  const bytes = new Uint8Array([
    ...encodeNetlink(REQUEST, 1),
    ...encodeNetlink({ ...REQUEST, type: NLMSG.NLMSG_DONE, attributes: new Map() }, 2),
  ]);
  const [first, second, ...more] = decodeNetlink(bytes);
  assertEquals(more, []);
  assertEquals([first?.type, first?.sequence], [RTM.RTM_GETLINK, 1]);
  assertEquals([second?.type, second?.sequence], [NLMSG.NLMSG_DONE, 2]);
  const payload = first?.payload ?? new Uint8Array();
  assertEquals(ifinfomsg.decode(payload).ifi_index, 7);
  assertEquals(decodeAttributes(payload, ifinfomsg.size), REQUEST.attributes);
  assertEquals(decodeAttributes(second?.payload ?? payload, ifinfomsg.size), new Map());
});

Deno.test("lengths that do not fit are no netlink messages", () => {
  const bytes = encodeNetlink(REQUEST, 1);
  assertThrows(() => decodeNetlink(bytes.subarray(0, 20)), RangeError, "44 bytes");
  assertThrows(() => decodeNetlink(Uint8Array.of(4, 0, 0, 0, ...Array(12).fill(0))), RangeError);
  const attribute = Uint8Array.of(...new Uint8Array(ifinfomsg.size), 40, 0, 3, 0);
  assertThrows(() => decodeAttributes(attribute, ifinfomsg.size), RangeError, "40 bytes");
});
