import { type Message, MessageType, parseMessages, serializeMessage } from "d-bus-message-protocol";
import { parseTypes } from "d-bus-type-system";
import type { UnitProperty } from "./property.ts";

/** A method of an object on a bus, and what it is called with. */
export interface MethodCall {
  /** The name of whose object it is. */
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** D-Bus signature of all arguments; "" for none. */
  readonly signature: string;
  readonly args: readonly unknown[];
}

/** A message that has arrived. */
export type Incoming =
  | { readonly kind: "reply"; readonly to: number; readonly args: readonly unknown[] }
  | { readonly kind: "error"; readonly to: number; readonly name: string; readonly text: string }
  | { readonly kind: "signal"; readonly member: string; readonly args: readonly unknown[] }
  | { readonly kind: "call" };

/** The bytes of a call (D-Bus specification, "Message Protocol"). */
export function encodeCall(serial: number, call: MethodCall): Uint8Array<ArrayBuffer> {
  const { destination, path, interface: interfaceName, member, signature, args } = call;
  const [first, ...rest] = args;
  return new Uint8Array(serializeMessage({
    messageType: MessageType.MethodCall,
    serial,
    destination,
    objectPath: path,
    interfaceName,
    memberName: member,
    // Whoever calls waits for an answer, not for a person at a dialog.
    ...(args.length === 0 ? {} : { types: parseTypes(signature), args: [first, ...rest] }),
  }));
}

/** A property as the struct `(sv)`. */
export function encodeProperty({ name, type, value }: UnitProperty): readonly unknown[] {
  const [parsed] = parseTypes(type);
  return [name, [parsed, value]];
}

/** What a variant holds, in the library's form: its type, then its value. */
export function variantValue(variant: unknown): unknown {
  return Array.isArray(variant) ? variant[1] : undefined;
}

/** The part of a message that says how long it is. */
const HEAD = 16;

/** The longest message that the protocol allows: 128 MiB. */
const LONGEST = 2 ** 27;

/**
 * How many bytes the message has that `bytes` begins with; null while that cannot be told.
 * @throws {RangeError} for what no message begins with
 */
export function messageLength(bytes: Uint8Array<ArrayBuffer>): number | null {
  if (bytes.length < HEAD) return null;
  const littleEndian = bytes[0] === 0x6c;
  if (!littleEndian && bytes[0] !== 0x42) throw new RangeError("Cannot read message: it is none");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const body = view.getUint32(4, littleEndian);
  const fields = view.getUint32(12, littleEndian);
  const length = HEAD + Math.ceil(fields / 8) * 8 + body;
  if (length > LONGEST) throw new RangeError(`Cannot read message: ${length} bytes are too many`);
  return length;
}

/** @param bytes of one whole message */
export function decodeMessage(bytes: Uint8Array<ArrayBuffer>): Incoming {
  const [message] = parseMessages(bytes.slice().buffer);
  if (message === undefined) throw new RangeError("Cannot read message: it is empty");
  return meaningOf(message);
}

function meaningOf(message: Message): Incoming {
  const { args = [] } = message;
  switch (message.messageType) {
    case MessageType.MethodReturn:
      return { kind: "reply", to: message.replySerial, args };
    case MessageType.Error: {
      const text = String(args[0] ?? "");
      return { kind: "error", to: message.replySerial, name: message.errorName, text };
    }
    case MessageType.Signal:
      return { kind: "signal", member: message.memberName, args };
    case MessageType.MethodCall:
      return { kind: "call" };
  }
}
