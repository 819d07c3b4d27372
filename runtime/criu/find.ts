import { ERRNO } from "syscalls/abi/errno.ts";
import { executable } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { errnoReason } from "runtime/base/io_failure.ts";
import { programFolders } from "runtime/base/paths.ts";

const HINT = "hint: install criu, or put its folder into PATH";

/**
 * The file of CRIU's program.
 *
 * @param searchPath the caller's PATH
 * @throws {HostError} when there is none, or it may not be executed
 */
export function findCriu(searchPath: string | undefined): string {
  const folders = programFolders(searchPath);
  let refusal: string | null = null;
  for (const folder of folders) {
    const file = `${folder}/criu`;
    const result = executable(file);
    if (result === 0) return file;
    if (result !== -ERRNO.ENOENT && result !== -ERRNO.ENOTDIR) {
      refusal ??= `Cannot execute ${file}: ${errnoReason(-result)}; ${HINT}`;
    }
  }
  throw new HostError(
    refusal ?? `Cannot execute criu: it is in none of ${folders.join(":")}; ${HINT}`,
  );
}
