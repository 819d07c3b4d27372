import type { SwapOrder } from "./swapper_worker.ts";

/**
 * While it lives, two paths are exchanged again and again (renameat2(2)), as somebody does who shares a volume with a container that
 * is being made. Afterwards each is what it was.
 */
export class Swapper implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #flags = new Int32Array(new SharedArrayBuffer(12));

  constructor(paths: readonly [string, string], seed: number) {
    this.#worker = new Worker(new URL("./swapper_worker.ts", import.meta.url), { type: "module" });
    this.#ended = new Promise((resolve, reject) => {
      this.#worker.onmessage = (): void => resolve();
      this.#worker.onerror = (event): void => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    const shared = this.#flags.buffer as SharedArrayBuffer;
    this.#worker.postMessage({ paths, seed, shared } satisfies SwapOrder);
  }

  /** Resolves once it exchanges. */
  async begun(): Promise<this> {
    const end = performance.now() + 20_000;
    while (Atomics.load(this.#flags, 0) === 0) {
      if (performance.now() > end) throw new Error("The swapper does not begin");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Atomics.store(this.#flags, 1, 1);
    await this.#ended;
    this.#worker.terminate();
  }
}
