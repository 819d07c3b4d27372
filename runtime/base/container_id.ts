import type { Brand } from "syscalls/abi/brand.ts";
import { UsageError } from "./errors.ts";

/** A container id that is safe as one path component. */
export type ContainerId = Brand<string, "ContainerId">;

/** Longest id: with it the state folder's name stays one path component on every file system. */
const MAX_LENGTH = 255;

/**
 * Checks an id given by a person or a program: `[A-Za-z0-9_+.-]+`, not `.` or `..`, at most 255 characters.
 *
 * @throws {UsageError} with runc's words "invalid container ID format", which callers match
 */
export function parseContainerId(text: string): ContainerId {
  if (text === "") throw new UsageError("invalid container ID format: the ID is empty");
  if (text.length > MAX_LENGTH) {
    throw new UsageError(
      `invalid container ID format: it has ${text.length} characters, at most ${MAX_LENGTH} are allowed`,
    );
  }
  if (!/^[A-Za-z0-9_+.-]+$/.test(text) || text === "." || text === "..") {
    throw new UsageError(
      `invalid container ID format: ${
        JSON.stringify(text)
      } has characters other than A-Z a-z 0-9 _ + . - or is "." or ".."`,
    );
  }
  return text as ContainerId;
}
