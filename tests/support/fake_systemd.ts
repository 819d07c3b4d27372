/** What a fake systemd does when it is called. */
export interface Answer {
  readonly hangsUp?: boolean;
  /** The name of an error. */
  readonly error?: string;
  /** Signature and value of the answer's one argument. */
  readonly reply?: readonly [signature: string, value: unknown];
  /** Jobs that end then, and how. */
  readonly jobs?: readonly (readonly [job: string, result: string])[];
}

/** What a fake systemd is to do. */
export interface FakeScript {
  readonly path: string;
  /** What it says to one who wants to authenticate. */
  readonly welcome: string;
  /** Its answers by method, the first one first; an empty one where there is none left. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
}

/** A bus with a systemd that answers as it is told. */
export interface FakeSystemd extends AsyncDisposable {
  /** D-Bus server address. */
  readonly address: string;
  /** What it was called with until now, methods before their arguments. */
  calls(): Promise<readonly (readonly unknown[])[]>;
}

/** What dbus-daemon says. */
const WELCOME = "DATA\r\nOK 1234deadbeef\r\n";

export async function fakeSystemd(
  answers: FakeScript["answers"],
  welcome = WELCOME,
): Promise<FakeSystemd> {
  const folder = Deno.makeTempDirSync({ prefix: "ocirt-test-" });
  const worker = new Worker(new URL("fake_systemd_worker.ts", import.meta.url), { type: "module" });
  const calls: (readonly unknown[])[] = [];
  const ready = Promise.withResolvers<void>();
  worker.onmessage = ({ data }): void => {
    if (data.kind === "ready") ready.resolve();
    else calls.push(data.call);
  };
  const path = `${folder}/bus`;
  worker.postMessage({ path, answers, welcome } satisfies FakeScript);
  await ready.promise;
  return {
    address: `unix:path=${path}`,
    calls: async () => {
      // Its messages wait for a turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return calls;
    },
    [Symbol.asyncDispose]: () => {
      worker.terminate();
      Deno.removeSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}
