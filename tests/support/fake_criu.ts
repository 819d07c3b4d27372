/** Shell functions that speak the few words of CRIU's RPC that tests need; bash's descriptors may have two digits. */
const LIBRARY = `#!/bin/bash
[ "$1" = swrk ] || exit 2
socket=$2
hear() { dd bs=65536 count=1 <&"$socket" >/dev/null 2>&1; }
say() { printf "$1" | dd ibs=512 obs=65536 >&"$socket" 2>/dev/null; }
`;

/** The answer to a request for the version: type 10, success, major and minor. */
function versionAnswer(major: number, minor: number): string {
  const octal = (value: number): string => `\\${value.toString(8).padStart(3, "0")}`;
  return `\\010\\012\\020\\001\\122\\004\\010${octal(major)}\\020${octal(minor)}`;
}

/**
 * Makes a program `criu` that says that it is of a version, and then does what shell lines say: `hear` waits for a request, `say`
 * answers, in the octal escapes of printf(1).
 *
 * @returns its folder, for PATH
 */
export function fakeCriu(
  dir: string,
  [major, minor]: readonly [number, number],
  script: string,
): string {
  Deno.mkdirSync(dir);
  const text = `${LIBRARY}hear; say '${versionAnswer(major, minor)}'\n${script}\n`;
  Deno.writeTextFileSync(`${dir}/criu`, text);
  Deno.chmodSync(`${dir}/criu`, 0o755);
  return `${dir}:/usr/bin:/bin`;
}
