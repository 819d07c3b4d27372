/** Gives a folder of its own to `use`, and removes it however that ends. */
export function inTempDir<T>(use: (dir: string) => T): T {
  const dir = Deno.makeTempDirSync({ prefix: "ocirt-test-" });
  try {
    return use(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

/** {@link inTempDir} for what takes its time: the folder stays until the promise is settled. */
export async function inTempDirAsync<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "ocirt-test-" });
  try {
    return await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
