/** Puts an action on the undo stack. */
export type Undo = (action: () => void) => void;

/**
 * Does something in steps that can each be undone. When a step fails, what was done is undone, last first, and the
 * failure is thrown; a failure of the undoing goes with it, it never replaces it.
 */
export function withRollback<Result>(work: (undo: Undo) => Result): Result {
  const actions: (() => void)[] = [];
  try {
    return work((action) => actions.push(action));
  } catch (cause) {
    let failure = cause;
    for (const action of actions.reverse()) {
      try {
        action();
      } catch (second) {
        failure = new SuppressedError(second, failure);
      }
    }
    throw failure;
  }
}
