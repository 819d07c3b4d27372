import { unzip } from "./zip.ts";

/** How long the download server may take to answer; the download itself may take longer. */
const ANSWER_MILLISECONDS = 5000;
const DOWNLOAD_MILLISECONDS = 300_000;
const SERVER = "https://dl.deno.land";

/** The runtime base of `deno compile`. */
export interface Denort {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it is from, as the build tells it. */
  readonly from: string;
}

/**
 * The denort of the running deno: the file that DENORT_BIN names, deno's cache, or the network.
 * @returns why there is none, when there is none
 * @throws {Error} when DENORT_BIN names no readable file
 */
export async function obtainDenort(): Promise<Denort | string> {
  const named = Deno.env.get("DENORT_BIN");
  if (named !== undefined) return { bytes: await Deno.readFile(named), from: named };
  const archive = `denort-${Deno.build.target}.zip`;
  const suffix = `release/v${Deno.version.deno}/${archive}`;
  const cached = await cachedArchive(suffix);
  if (cached !== undefined) {
    return { bytes: await unzip(cached.bytes, "denort"), from: cached.from };
  }
  return await download(`${SERVER}/${suffix}`);
}

async function cachedArchive(suffix: string): Promise<Denort | undefined> {
  for (const folder of cacheFolders()) {
    const from = `${folder}/dl/${suffix}`;
    try {
      return { bytes: await Deno.readFile(from), from };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** Where deno keeps what it downloads, as `deno info` says. */
function cacheFolders(): readonly string[] {
  const [own, cache, home] = ["DENO_DIR", "XDG_CACHE_HOME", "HOME"].map((name) =>
    Deno.env.get(name)
  );
  if (own) return [own];
  if (cache) return [`${cache}/deno`];
  return home ? [`${home}/.cache/deno`] : [];
}

async function download(address: string): Promise<Denort | string> {
  const [answer, whole] = [new AbortController(), AbortSignal.timeout(DOWNLOAD_MILLISECONDS)];
  const timer = setTimeout(() => answer.abort(), ANSWER_MILLISECONDS);
  try {
    const response = await fetch(address, { signal: AbortSignal.any([answer.signal, whole]) });
    clearTimeout(timer);
    if (!response.ok) {
      await response.body?.cancel();
      return `${address} answers ${response.status}`;
    }
    return { bytes: await unzip(await response.bytes(), "denort"), from: address };
  } catch (error) {
    return answer.signal.aborted
      ? `${SERVER} does not answer within ${ANSWER_MILLISECONDS / 1000} s`
      : `${SERVER} cannot be reached (${reasonOf(error)})`;
  } finally {
    clearTimeout(timer);
  }
}

/** What went wrong at the bottom: `fetch` tells the whole way there. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return error.message.split(": ").at(-1) ?? error.message;
}
