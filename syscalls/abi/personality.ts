/** Execution domains of personality(2) (linux/personality.h), but for those of other systems. */
export const PER = { PER_LINUX: 0x0000, PER_LINUX32: 0x0008 } as const;
