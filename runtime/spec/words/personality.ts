/** `linux.personality.domain` to the number of personality(2) (linux/personality.h). */
export const PERSONALITY_DOMAINS = { LINUX: 0x0000, LINUX32: 0x0008 } as const;
