import { DUTY, type Duty, REPLY_SIZE, TAG } from "runtime/plan/protocol.ts";
import type { Lowering } from "./lowering.ts";

/** A question to the host half. No answer means that it is gone, and with it the reason to go on. */
export function askHost(low: Lowering, duty: Duty): void {
  const { builder } = low;
  builder.report({ tag: TAG.ask, value: builder.immediate(DUTY[duty], duty) });
  readAnswer(low);
}

/** Waits until the host half has done what it was told of. */
export function readAnswer(low: Lowering): void {
  const { builder, descriptors } = low;
  const answered = builder.label();
  builder.call("read", [
    builder.immediate(descriptors.sync, "sync"),
    builder.addressOf(low.reply, "reply"),
    builder.immediate(REPLY_SIZE),
  ]);
  builder.branch({ when: { kind: "equals", value: BigInt(REPLY_SIZE) }, to: answered });
  builder.exit(1);
  builder.place(answered);
}
