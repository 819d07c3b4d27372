import type { CommandContext } from "runtime/base/command.ts";

/** What every command needs to know of how the runtime was called. */
export type Context = CommandContext;
