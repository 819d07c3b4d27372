/** Plays a message bus with systemd on it: a worker, because whoever talks with it waits without turns of the event loop. */
import { type Message, MessageType, parseMessages, serializeMessage } from "d-bus-message-protocol";
import { parseTypes } from "d-bus-type-system";
import type { Answer, FakeScript } from "./fake_systemd.ts";

const worker = self as unknown as {
  onmessage: ((event: { data: FakeScript }) => void) | null;
  postMessage(message: unknown): void;
};

worker.onmessage = ({ data }): void => void serve(data);

async function serve({ path, answers, welcome }: FakeScript): Promise<void> {
  using listener = Deno.listen({ transport: "unix", path });
  worker.postMessage({ kind: "ready" });
  const left = new Map(Object.entries(answers).map(([member, list]) => [member, [...list]]));
  for await (const connection of listener) {
    using open = connection;
    await converse(open, welcome, left);
  }
}

async function converse(
  connection: Deno.Conn,
  welcome: string,
  answers: ReadonlyMap<string, Answer[]>,
): Promise<void> {
  const space = new Uint8Array(65_536);
  const first = await connection.read(space);
  const text = new TextDecoder().decode(space.subarray(0, first ?? 0));
  worker.postMessage({ kind: "call", call: ["(authentication)", text] });
  await connection.write(new TextEncoder().encode(welcome));
  for (;;) {
    const count = await connection.read(space);
    if (count === null) return;
    for (const message of parseMessages(space.slice(0, count).buffer)) {
      if (message.messageType !== MessageType.MethodCall) continue;
      worker.postMessage({
        kind: "call",
        call: [message.memberName, ...plain(message.args ?? [])],
      });
      const answer = answers.get(message.memberName)?.shift() ?? {};
      if (answer.hangsUp === true) return;
      for (const one of messages(message, answer)) await inPieces(connection, one);
    }
  }
}

function messages({ serial }: Message, { error, reply, jobs = [] }: Answer): Message[] {
  const answer: Message = error === undefined
    ? {
      messageType: MessageType.MethodReturn,
      serial: 1,
      replySerial: serial,
      ...reply === undefined ? {} : { types: parseTypes(reply[0]), args: [reply[1]] },
    }
    : {
      messageType: MessageType.Error,
      serial: 1,
      replySerial: serial,
      errorName: error,
      types: parseTypes("s"),
      args: ["It is so."],
    };
  const signals = jobs.map(([job, result]): Message => ({
    messageType: MessageType.Signal,
    serial: 2,
    objectPath: "/org/freedesktop/systemd1",
    interfaceName: "org.freedesktop.systemd1.Manager",
    memberName: "JobRemoved",
    types: parseTypes("uoss"),
    args: [1, job, "x.scope", result],
  }));
  // A job may end before its caller is told that it exists.
  const [early, ...late] = signals;
  return early === undefined ? [answer] : [early, answer, ...late];
}

/** Types hold functions, which stay here; the rest goes to the test. */
function plain(args: readonly unknown[]): unknown[] {
  return JSON.parse(JSON.stringify(args, (_, it) => typeof it === "bigint" ? String(it) : it));
}

/** A stream has no messages: what is sent at once may arrive in parts. */
async function inPieces(connection: Deno.Conn, message: Message): Promise<void> {
  const bytes = new Uint8Array(serializeMessage(message));
  await connection.write(bytes.subarray(0, 10));
  await new Promise((resolve) => setTimeout(resolve, 2));
  await connection.write(bytes.subarray(10));
}
