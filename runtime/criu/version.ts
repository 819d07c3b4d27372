/** The oldest version that this program gets on with, as {@link versionNumber} has it. */
export const OLDEST_CRIU = 31_500;

/** 31701 for the 3.17.1 in `Version: 3.17.1`, as CRIU itself counts; null where there is no version. */
export function versionNumber(text: string): number | null {
  const [, major, minor, sublevel = 0] = /\b(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (major === undefined) return null;
  return 10_000 * Number(major) + 100 * Number(minor) + Number(sublevel);
}

/** 3.17.1 for 31701. */
export function versionWords(version: number): string {
  const [major, minor, sublevel] = [version / 10_000, version / 100 % 100, version % 100].map(
    Math.floor,
  );
  return sublevel === 0 ? `${major}.${minor}` : `${major}.${minor}.${sublevel}`;
}

/** Why a version is refused; null for one that is not. */
export function tooOld(version: number): string | null {
  if (version >= OLDEST_CRIU) return null;
  return `criu ${versionWords(version)} is too old, ${
    versionWords(OLDEST_CRIU)
  } or newer is needed`;
}
