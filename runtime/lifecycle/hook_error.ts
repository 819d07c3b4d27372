import { LaunchError } from "runtime/base/errors.ts";

/** A hook has failed, and with it what it belongs to: the container has been taken away. */
export class HookError extends LaunchError {}
