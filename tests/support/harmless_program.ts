import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { PR } from "syscalls/abi/process.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import type { Condition, Label, Operand, Program, Slot } from "syscalls/native/program.ts";
import { Random } from "./random.ts";

/** The descriptor that the programs below report to: standard output. */
export const REPORT_FD = 1;

/** Tags of reports that are no failures. */
const TAG = 40;

/** A descriptor that no test has open. */
export const BAD_FD = 900;

/** A path that no host has. */
export const MISSING_PATH = "/ocirt-test/is-not-there";

type FailingCall = readonly [call: SyscallName, args: readonly Operand[], errno: number];

const MOST_FORKS = 3;

/**
 * A program of calls that change nothing outside of its processes and whose results are always the same: branches, slots,
 * forks, and failures, forgiven and not. It ends, and so do its children.
 */
export function harmlessProgram(seed: number): Program {
  return new Generator(new Random(seed)).generate();
}

class Generator {
  readonly #random: Random;
  readonly #b = new ProgramBuilder(REPORT_FD);
  readonly #open: Label[] = [];
  readonly #cells: [Slot, ...Slot[]];
  readonly #buffer: Slot;
  readonly #bufferSize: number;
  /** Behind the other, so that its distance is large where that one is. */
  readonly #farBuffer: Slot;
  readonly #pid: Slot;
  #forks = 0;
  /** Whether the last result is the same in every run: not a pid. */
  #resultKnown = false;

  constructor(random: Random) {
    this.#random = random;
    this.#cells = [this.#b.slot(), this.#b.slot(), this.#b.slot()];
    this.#bufferSize = this.#random.pick([16, 64, 4096, 40000]);
    this.#buffer = this.#b.slot(this.#bufferSize);
    this.#farBuffer = this.#b.slot(16);
    this.#pid = this.#b.slot();
  }

  generate(): Program {
    this.#b.step({ label: "begin", origin: "" });
    this.#b.call("umask", [this.#b.immediate(0o22)]);
    this.#setName("begin");
    this.#resultKnown = true;
    for (let left = 5 + this.#random.below(40); left > 0; left--) {
      if (this.#random.chance(40)) this.#b.step({ label: `part ${left}`, origin: `/${left}` });
      this.#instruction();
    }
    while (this.#open.length > 0) this.#place();
    this.#report();
    this.#b.exit(this.#random.below(256));
    return this.#b.build();
  }

  #instruction(): void {
    const dice = this.#random.below(100);
    if (dice < 45) this.#call();
    else if (dice < 60) this.#branch();
    else if (dice < 75) this.#report();
    else if (dice < 85) this.#b.set(this.#random.pick(this.#cells), this.#operand());
    else if (dice < 92) this.#place();
    else if (dice < 97) this.#fork();
    else if (dice < 98) this.#b.writeReports();
    else this.#end();
  }

  #call(): void {
    const b = this.#b;
    const into = this.#random.chance(50) ? { into: this.#random.pick(this.#cells) } : {};
    switch (this.#random.below(8)) {
      case 0:
        b.call("umask", [b.immediate(this.#random.below(0o1000))], into);
        break;
      case 1:
        this.#setName(`name ${this.#random.below(1000)}`);
        break;
      case 2:
        b.call("prctl", [b.immediate(PR.PR_GET_NAME), b.addressOf(this.#buffer)], into);
        break;
      case 3:
        b.call("getcwd", [b.addressOf(this.#farBuffer), b.immediate(16)], into);
        break;
      case 4:
        b.call("write", [b.immediate(2), b.cString("unseen"), b.immediate(0)], into);
        break;
      default:
        this.#failingCall(into);
    }
    this.#resultKnown = true;
  }

  #failingCall(into: { readonly into?: Slot }): void {
    const b = this.#b;
    const [call, args, errno] = this.#random.pick<FailingCall>([
      ["close", [b.immediate(BAD_FD)], ERRNO.EBADF],
      ["chdir", [b.cString(MISSING_PATH)], ERRNO.ENOENT],
      ["openat", [b.immediate(AT_FDCWD), b.cString(MISSING_PATH), b.immediate(0)], ERRNO.ENOENT],
      ["write", [b.immediate(BAD_FD), b.bytes(Uint8Array.of(1, 2)), b.immediate(2)], ERRNO.EBADF],
    ]);
    const forgive = this.#random.pick<readonly number[] | "all">([
      "all",
      [errno],
      [ERRNO.EPERM, errno],
      [ERRNO.EPERM, ERRNO.EINTR, errno],
      [ERRNO.ENOTSOCK],
    ]);
    b.call(call, args, { ...into, forgive });
  }

  #setName(name: string): void {
    this.#b.call("prctl", [this.#b.immediate(PR.PR_SET_NAME), this.#b.cString(name)]);
  }

  #branch(): void {
    const to = this.#label();
    if (this.#random.chance(10)) return this.#b.jump(to);
    // No pid is 0, but in the child the cell is.
    if (this.#random.chance(10)) {
      return this.#b.branch({ of: this.#pid, when: { kind: "equals", value: 0n }, to });
    }
    const cell = this.#random.chance(60);
    const of = cell ? { of: this.#random.pick(this.#cells) } : {};
    this.#b.branch({ ...of, when: this.#condition(cell || this.#resultKnown), to });
  }

  #condition(anything: boolean): Condition {
    const value = this.#value();
    const mask = this.#random.chance(50) ? this.#value() : this.#random.bits64();
    const conditions: [Condition, ...Condition[]] = [
      { kind: "failed" },
      { kind: "succeeded" },
      { kind: "errno", errno: this.#random.pick([ERRNO.EBADF, ERRNO.ENOENT]) },
    ];
    if (anything) {
      conditions.push({ kind: "equals", value });
      conditions.push({ kind: "maskedEquals", mask: 0o22n, value: 0o22n });
      conditions.push({ kind: "maskedEquals", mask, value: value & mask });
    }
    return this.#random.pick(conditions);
  }

  /** One of few, so that comparisons hold now and then; they are the limits of what instructions take. */
  #value(): bigint {
    return this.#random.pick([
      0n,
      0xffn,
      0x8000_0000n,
      -0x8000_0000n,
      0x7fff_ffff_ffff_ffffn,
      -0x8000_0000_0000_0000n,
      0x1234_5678_9abc_def0n,
      BigInt(-ERRNO.EBADF),
    ]);
  }

  #label(): Label {
    if (this.#open[0] !== undefined && this.#random.chance(40)) return this.#open[0];
    const label = this.#b.label();
    this.#open.push(label);
    return label;
  }

  #place(): void {
    const label = this.#open.splice(this.#random.below(this.#open.length), 1)[0];
    if (label === undefined) return;
    this.#b.place(label);
    // Whoever jumped here may have had a pid in the register.
    this.#resultKnown = false;
  }

  #operand(): Operand {
    const b = this.#b;
    return this.#random.pick([
      b.immediate(this.#random.bits64()),
      b.immediate(this.#value()),
      b.immediate(this.#value()),
      b.immediate(this.#random.below(100)),
      b.value(this.#random.pick(this.#cells)),
      b.field(this.#buffer, 8),
      b.value(this.#buffer),
      b.field(this.#buffer, this.#bufferSize - 8),
      b.value(this.#farBuffer),
      b.addressOf(this.#farBuffer),
      b.addressOf(this.#random.pick(this.#cells)),
      b.cString(`text ${this.#random.below(5)}`),
    ]);
  }

  #report(): void {
    this.#b.report({ tag: TAG + this.#random.below(10), value: this.#operand() });
  }

  /** Forks and waits, so that the order of all reports is known. */
  #fork(): void {
    if (this.#forks++ >= MOST_FORKS) return;
    const b = this.#b;
    const child = this.#label();
    b.fork({ flags: BigInt(SIGNALS.SIGCHLD), flagsText: "SIGCHLD", child, into: this.#pid });
    const zero = b.immediate(0);
    if (this.#random.chance(50)) {
      b.branch({ of: this.#pid, when: { kind: "equals", value: 0n }, to: this.#label() });
    }
    b.set(this.#cells[0], zero);
    b.call("wait4", [b.value(this.#pid), b.addressOf(this.#cells[0]), zero, zero]);
    b.report({ tag: TAG, value: b.value(this.#cells[0], "status") });
    this.#resultKnown = false;
  }

  /** An end in the middle; what follows is reached by branches only, if at all. */
  #end(): void {
    if (this.#open.length === 0) return;
    if (this.#random.chance(50)) this.#b.exit(this.#random.below(256));
    else this.#b.fail(this.#b.immediate(1 + this.#random.below(100)));
  }
}
