/** The system calls of an architecture: names of the kernel's headers, and the numbers that a filter sees. */
export type SyscallTable = Readonly<Record<string, number>>;
