/** The lists of `hooks` in the order of a container's life, which is the order that `features` prints. */
export const HOOK_NAMES = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

export type HookName = typeof HOOK_NAMES[number];
