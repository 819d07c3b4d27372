/** A file of a cgroup and what is written to it. */
export interface FileValue {
  readonly file: string;
  readonly value: string;
}

/** One write that makes a limit. */
export interface LimitWrite extends FileValue {
  /** JSON pointer of the property that asks for it. */
  readonly origin: string;
  /** Where the kernel has no such file: what to write instead, or nothing at all. Left out, its absence is an error. */
  readonly otherwise?: FileValue | "nothing";
  /**
   * Which of several writes the kernel takes first depends on what is in force: it holds the new value of one against the old
   * value of another. Writes next to each other with the same word here may be tried in any order.
   */
  readonly together?: "memory" | "bandwidth" | "realtime";
  /** The kernel bends the value into its range without a word, so it has to be read back. */
  readonly clamped?: true;
  /**
   * The file has a line for each device, and the first word of the value names one: what to write where a device is to have no
   * line, as before.
   */
  readonly cleared?: string;
}

/** A number of config.json: a bigint where a double cannot hold it. */
export type Amount = number | bigint;

/** Zero says that nothing is asked, as an encoder without optional fields writes it (Docker 20.10 does). */
export function isGiven(amount: Amount | undefined): amount is Amount {
  return amount !== undefined && Number(amount) !== 0;
}
