import type * as z from "zod/mini";
import type { ConfigSchema, ProcessSchema, ResourcesSchema } from "./schema.ts";

/**
 * config.json as written, once its shape has been checked: what the file leaves out or sets to null is undefined.
 * A 64-bit number that a double cannot hold exactly is a bigint.
 */
export type Config = z.infer<typeof ConfigSchema>;

/** The `process` object. */
export type ProcessConfig = z.infer<typeof ProcessSchema>;

/** The `linux.resources` object. */
export type ResourcesConfig = z.infer<typeof ResourcesSchema>;

/** The `linux` object. */
export type LinuxConfig = NonNullable<Config["linux"]>;

/** One entry of `mounts`. */
export type MountConfig = NonNullable<Config["mounts"]>[number];

/** The `linux.seccomp` object. */
export type SeccompConfig = NonNullable<LinuxConfig["seccomp"]>;

/** The `hooks` object. */
export type HooksConfig = NonNullable<Config["hooks"]>;

/** One hook. */
export type HookConfig = NonNullable<HooksConfig["prestart"]>[number];
