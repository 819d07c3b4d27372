import { PER } from "syscalls/abi/personality.ts";

/** `linux.personality.domain` to the number of personality(2). */
export const PERSONALITY_DOMAINS = { LINUX: PER.PER_LINUX, LINUX32: PER.PER_LINUX32 } as const;
