import { assertEquals, fail } from "@std/assert";
import { type Fd, pid } from "syscalls/abi/brand.ts";
import { SHUT } from "syscalls/abi/socket.ts";
import { call } from "syscalls/libc/call.ts";
import { sendDescriptor } from "syscalls/libc/unix_client.ts";
import { receive, send, socketPair } from "syscalls/libc/sockets.ts";
import { encodeReport, TAG_FAILED } from "syscalls/native/report.ts";
import { converse, type Duties, type Talk, type Until } from "runtime/launch/converse.ts";
import { DUTY, TAG } from "runtime/plan/protocol.ts";

type Said = readonly [tag: number, value: number];

const FIRST = pid(100);
const STEP = 7;

interface Heard {
  readonly talk: Talk;
  /** What the host half did meanwhile, in order. */
  readonly did: readonly string[];
  readonly answers: number;
}

const SENDING: readonly number[] = [DUTY.terminal, DUTY.listener];

/** What comes of a program that says these things and then ends. */
function hear(until: Until, said: readonly Said[]): Heard {
  const [host, program] = socketPair();
  using ours = host;
  using theirs = program;
  for (const [tag, value] of said) {
    send(theirs.fd, encodeReport({ tag, step: STEP, value: BigInt(value) }));
    if (tag === TAG.ask && SENDING.includes(value)) sendDescriptor(theirs.fd, theirs.fd, "x");
  }
  // The end of what it says; what it is told can still be read.
  shutdown(theirs.fd);
  const did: string[] = [];
  const doing = (duty: string) => (who: number): void => void did.push(`${duty} ${who}`);
  const duties: Duties = {
    idMaps: doing("idMaps"),
    place: doing("place"),
    limits: doing("limits"),
    copyUp: doing("copyUp"),
    terminal: doing("terminal"),
    placeDirectory: doing("placeDirectory"),
    placeFile: doing("placeFile"),
    inheritMode: doing("inheritMode"),
    hooks: doing("hooks"),
    delegate: doing("delegate"),
    idmap: doing("idmap"),
    listener: (who, _step, sent) => void did.push(`listener ${who} ${sent.length}`),
    warn: (step, errno) => void did.push(`warn ${step} ${errno}`),
    meanwhile: () => void did.push("meanwhile"),
  };
  const talk = converse(ours.fd, FIRST, duties, until);
  shutdown(ours.fd);
  let answers = 0;
  while (receive(theirs.fd, new Uint8Array(16)) > 0) answers++;
  return { talk, did, answers };
}

/** Sends no more. */
function shutdown(socket: Fd): void {
  call({ verb: "shut", object: "socket" }, "shutdown", socket, SHUT.SHUT_WR);
}

const IDLE: Duties = {
  idMaps: () => {},
  place: () => {},
  limits: () => {},
  copyUp: () => {},
  terminal: () => {},
  placeDirectory: () => {},
  placeFile: () => {},
  inheritMode: () => {},
  hooks: () => {},
  delegate: () => {},
  idmap: () => {},
  listener: () => {},
  warn: () => {},
  meanwhile: () => {},
};

const INIT: Said = [TAG.initPid, 200];
const PLACE: Said = [TAG.ask, DUTY.place];
const READY: Said = [TAG.ready, 0];

Deno.test("a created container is done as soon as it is ready", () => {
  const { talk, did, answers } = hear("ready", [INIT, PLACE, READY, [TAG_FAILED, 2]]);
  assertEquals(talk, { end: "done", init: pid(200) });
  assertEquals([did, answers], [["place 200", "meanwhile"], 1]);
});

Deno.test("a process of exec is done when its socket ends after it was ready", () => {
  const { talk } = hear("executed", [INIT, PLACE, READY]);
  assertEquals(talk, { end: "done", init: pid(200) });
});

Deno.test("a process of exec that cannot execute its program says so after it was ready", () => {
  const { talk } = hear("executed", [INIT, PLACE, READY, [TAG_FAILED, 8]]);
  assertEquals(talk, { end: "failed", step: STEP, errno: 8, init: pid(200) });
});

Deno.test("a program that ends before it is ready is lost", () => {
  assertEquals(hear("executed", []).talk, { end: "lost", init: null });
  assertEquals(hear("executed", [INIT, PLACE]).talk, { end: "lost", init: pid(200) });
  assertEquals(hear("ready", [INIT, PLACE]).talk, { end: "lost", init: pid(200) });
});

Deno.test("an init that asks before its pid is known is answered when it is", () => {
  const { did, answers } = hear("executed", [PLACE, INIT, [TAG.ask, DUTY.terminal], READY]);
  assertEquals([did, answers], [["place 200", "meanwhile", "terminal 200"], 2]);
});

Deno.test("id maps are written for the first process, warnings are told and not answered", () => {
  const { did, answers } = hear("ready", [[TAG.ask, DUTY.idMaps], [TAG.warning, -1], INIT, READY]);
  assertEquals([did, answers], [["idMaps 100", `warn ${STEP} 1`], 1]);
});

Deno.test("a filter's listener that is sent is handed on, and answered", () => {
  const { did, answers } = hear("executed", [INIT, [TAG.ask, DUTY.listener], READY]);
  assertEquals([did, answers], [["listener 200 1"], 1]);
});

Deno.test("a filter's listener is taken by its number, and answered", () => {
  const own: Said = [TAG.initPid, Deno.pid];
  const { did, answers } = hear("executed", [own, [TAG.listener, 2], READY]);
  assertEquals([did, answers], [[`listener ${Deno.pid} 1`], 1]);
  assertEquals(hear("executed", [[TAG.listener, 7]]).talk, { end: "lost", init: null });
});

Deno.test("a second pid is not believed: it may be any process of the host's", () => {
  const { talk, did } = hear("executed", [INIT, PLACE, [TAG.initPid, 1], PLACE, READY]);
  assertEquals(talk, { end: "lost", init: pid(200) });
  assertEquals(did, ["place 200", "meanwhile"]);
});

Deno.test("a program that is killed before it hears an answer is lost, and no reason for other words", () => {
  const [host, program] = socketPair();
  using ours = host;
  for (const [tag, value] of [INIT, PLACE]) {
    send(program.fd, encodeReport({ tag, step: STEP, value: BigInt(value) }));
  }
  program[Symbol.dispose]();
  assertEquals(converse(ours.fd, FIRST, IDLE, "executed"), { end: "lost", init: pid(200) });
});

Deno.test("a program that is killed with an answer that it has not read is lost", () => {
  const [host, program] = socketPair();
  using ours = host;
  for (const [tag, value] of [INIT, PLACE, [TAG.ask, DUTY.limits] as const]) {
    send(program.fd, encodeReport({ tag, step: STEP, value: BigInt(value) }));
  }
  const limits = (): void => program[Symbol.dispose]();
  const duties = { ...IDLE, limits };
  assertEquals(converse(ours.fd, FIRST, duties, "executed"), { end: "lost", init: pid(200) });
});

Deno.test("a program that is killed before it sends what belongs to its question is lost", () => {
  const [host, program] = socketPair();
  using ours = host;
  for (const [tag, value] of [INIT, PLACE, [TAG.ask, DUTY.terminal] as const]) {
    send(program.fd, encodeReport({ tag, step: STEP, value: BigInt(value) }));
  }
  program[Symbol.dispose]();
  const duties = { ...IDLE, terminal: () => fail("there is none") };
  assertEquals(converse(ours.fd, FIRST, duties, "executed"), { end: "lost", init: pid(200) });
});
