import { ERRNO } from "syscalls/abi/errno.ts";
import { syscallNumber } from "syscalls/abi/numbers/x86_64.ts";
import { MSG } from "syscalls/abi/socket.ts";
import { WRITABLE_BASE } from "./layout.ts";
import { REPORT_SIZE, TAG_FAILED } from "./report.ts";
import {
  CONDITION,
  jumpAhead,
  jumpBack,
  land,
  put,
  putCompare,
  putConstant,
  putConstant64,
  putLoad,
  putNegate,
  putStore,
  putStoreConstant,
  putSystem,
  putTest,
  R10,
  R12,
  R8,
  R9,
  RAX,
  RDI,
  RDX,
  RSI,
  type X8664Code,
} from "./x86_64_code.ts";

/** Where a report is put together. */
export const SCRATCH = WRITABLE_BASE;

/** Code that every program shares among its instructions: where it is, in words. */
export interface Endings {
  /** Reports the failure of a step and ends the program: -errno in rax, the step in r12. */
  readonly failed: number;
  /** Sends the scratch and goes on at r13. */
  readonly send: number;
}

/**
 * Writes them, for a program that has the descriptor of its reports at an address.
 *
 * @param by what sends a report: write(2) alone, or first what raises no SIGPIPE
 */
export function putEndings(code: X8664Code, reportFdAt: number, by: "any" | "write"): Endings {
  const send = code.length;
  putReport(code, reportFdAt);
  if (by === "any") putSendOrWrite(code);
  else putWriteOrEnd(code);
  // jmp r13
  put(code, 0x90e5ff41);
  const endings = { send, failed: code.length };
  putFailure(code, endings);
  return endings;
}

/** Sends the scratch, and comes back behind this. */
export function sendAndReturn(code: X8664Code, { send }: Pick<Endings, "send">): void {
  // lea r13, [rip + 8]: behind the jump.
  put(code, 0x2d8d4c90, 8);
  jumpBack(code, send);
}

function putFailure(code: X8664Code, endings: Endings): void {
  putNegate(code);
  putStoreConstant(code, SCRATCH, TAG_FAILED);
  // The upper half is written over by what follows.
  putStore(code, SCRATCH + 4, R12);
  putStore(code, SCRATCH + 8, RAX);
  sendAndReturn(code, endings);
  putEnd(code);
}

function putEnd(code: X8664Code): void {
  putConstant(code, RDI, 1);
  putSystem(code, syscallNumber("exit_group"));
}

/** What is written, and where to. */
function putReport(code: X8664Code, reportFdAt: number): void {
  putLoad(code, RDI, reportFdAt);
  putConstant(code, RSI, SCRATCH);
  putConstant(code, RDX, REPORT_SIZE);
}

/** The descriptor of the reports is a socket or a pipe. */
function putSendOrWrite(code: X8664Code): void {
  // SIGPIPE has its default again; only sendto(2) can be told not to raise it.
  putConstant64(code, R10, MSG.of("MSG_NOSIGNAL"));
  putConstant(code, R8, 0);
  putConstant(code, R9, 0);
  const retry = code.length;
  putSystem(code, syscallNumber("sendto"));
  putCompare(code, RAX, -ERRNO.EINTR);
  jumpBack(code, retry, CONDITION.equal);
  putCompare(code, RAX, -ERRNO.ENOTSOCK);
  const sent = jumpAhead(code, CONDITION.notEqual);
  putWrite(code);
  land(code, sent);
}

function putWriteOrEnd(code: X8664Code): void {
  putWrite(code);
  putTest(code, RAX);
  const written = jumpAhead(code, CONDITION.noSign);
  putEnd(code);
  land(code, written);
}

function putWrite(code: X8664Code): void {
  const write = code.length;
  putSystem(code, syscallNumber("write"));
  putCompare(code, RAX, -ERRNO.EINTR);
  jumpBack(code, write, CONDITION.equal);
}
