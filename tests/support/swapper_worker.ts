/** A thread that exchanges two names until it is told to stop, then puts them back. */
import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { RENAME } from "syscalls/abi/open.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import { Random } from "./random.ts";

/** What it is told. */
export interface SwapOrder {
  readonly paths: readonly [string, string];
  readonly seed: number;
  /** Its first number becomes 1 when it has begun, its second one is set to stop it, its third counts exchanges. */
  readonly shared: SharedArrayBuffer;
}

interface Thread {
  onmessage: (event: { readonly data: SwapOrder }) => void;
  postMessage(count: number): void;
}

const thread = self as unknown as Thread;

thread.onmessage = ({ data: { paths, seed, shared } }): void => {
  const flags = new Int32Array(shared);
  const random = new Random(seed);
  using arena = new Arena();
  const [one, other] = paths.map((path) => arena.cString(path));
  if (one === undefined || other === undefined) throw new Error("Cannot exchange fewer than two");
  const exchange = (): void => {
    const attempt = { verb: "exchange", object: paths.join(" and ") };
    const flag = RENAME.of("RENAME_EXCHANGE");
    call(attempt, "renameat2", AT_FDCWD, one, AT_FDCWD, other, flag);
  };
  let count = 0;
  Atomics.store(flags, 0, 1);
  while (Atomics.load(flags, 1) === 0) {
    exchange();
    count++;
    // Sometimes at once, sometimes a while later: windows have different widths.
    for (let idle = random.below(20_000); idle > 0; idle--);
  }
  if (count % 2 === 1) exchange();
  Atomics.store(flags, 2, count);
  thread.postMessage(count);
};
