import { assertEquals } from "@std/assert";
import { decodeResponse, encodeRequest } from "runtime/criu/rpc.ts";

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(text.split(" ").map((byte) => Number.parseInt(byte, 16)));
}

Deno.test("encodeRequest() asks for the version and keeps the connection open", () => {
  // type = VERSION, keep_open, features { mem_track, lazy_pages }
  assertEquals(hex(encodeRequest({ type: "version" })), "08 0a 20 01 2a 04 08 01 10 01");
});

Deno.test("encodeRequest() answers a notification", () => {
  assertEquals(hex(encodeRequest({ type: "notify", success: true })), "08 06 18 01");
  assertEquals(hex(encodeRequest({ type: "notify", success: false })), "08 06 18 00");
});

Deno.test("encodeRequest() writes options with the field numbers of rpc.proto", () => {
  const request = encodeRequest({
    type: "dump",
    options: {
      imagesDirFd: 5,
      pid: 300,
      leaveRunning: false,
      logFile: "a",
      emptyNs: 0x40000000,
      pageServer: { address: "h", port: 1 },
      externalMounts: [["/a", "b"]],
      external: ["x"],
      inheritFds: [{ key: "k", fd: 7 }],
    },
  });
  assertEquals(
    hex(request),
    [
      "08 01 12 2e",
      // images_dir_fd, pid, leave_running, log_file, empty_ns
      "08 05 10 ac 02 18 00 52 01 61 b0 02 80 80 80 80 04",
      // ps
      "5a 05 0a 01 68 10 01",
      // ext_mnt, external, inherit_fd
      "ba 01 07 0a 02 2f 61 12 01 62",
      "aa 02 01 78",
      "da 01 05 0a 01 6b 10 07",
    ].join(" "),
  );
});

Deno.test("encodeRequest() keeps the bytes of a path that is no UTF-8", () => {
  const request = encodeRequest({
    type: "restore",
    options: { imagesDirFd: 0, root: "\udcff" },
  });
  assertEquals(hex(request).endsWith("6a 01 ff"), true, hex(request));
});

Deno.test("decodeResponse() reads a version", () => {
  const { type, success, version } = decodeResponse(
    bytesOf("08 0a 10 01 52 06 08 03 10 11 20 01"),
  );
  assertEquals({ type, success, version }, { type: 10, success: true, version: 31701 });
});

Deno.test("decodeResponse() reads a notification, a restored process and an error", () => {
  const told = decodeResponse(bytesOf("08 06 10 01 2a 07 0a 02 61 62 10 ac 02"));
  assertEquals({ script: told.script, pid: told.pid }, { script: "ab", pid: 300 });
  assertEquals(decodeResponse(bytesOf("08 02 10 01 22 02 08 2a")).pid, 42);
  const failed = decodeResponse(bytesOf("08 01 10 00 38 16 4a 02 6e 6f"));
  assertEquals(
    { success: failed.success, errno: failed.errno, message: failed.message },
    { success: false, errno: 22, message: "no" },
  );
});

Deno.test("decodeResponse() reads features, and passes over what it does not know", () => {
  const { features } = decodeResponse(bytesOf("08 09 10 01 42 06 08 00 10 01 18 01 58 05"));
  assertEquals(features, ["lazyPages"]);
});
