import { assert, assertEquals, assertThrows } from "@std/assert";
import { StateError } from "runtime/base/errors.ts";
import { lockContainer } from "runtime/state/lock.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import {
  createContainerDir,
  listIds,
  readRecord,
  removeContainerDir,
  writeRecord,
} from "runtime/state/store.ts";
import { inTempDir, inTempDirAsync } from "tests/support/temp_dir.ts";

const RECORD: ContainerRecord = {
  version: 1,
  id: "c1",
  ociVersion: "1.3.0",
  bundle: "/b",
  rootfs: "/b/rootfs",
  created: "2026-01-02T03:04:05.678901234Z",
  annotations: {},
  pid: 0,
  startTime: "",
  cgroups: [],
  cgroupCreated: [],
  freezer: "",
  systemd: null,
  sharedMount: "",
  creating: false,
  hooks: [],
  keyring: "_ses.c1",
};

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

function refusal(action: () => unknown): string {
  return assertThrows(action, StateError).message;
}

Deno.test("the state root is made for its owner alone, sticky where asked, the container's folder 0711", () => {
  inTempDir((dir) => {
    const before = Deno.umask(0o077);
    try {
      const { dir: folder } = createContainerDir(`${dir}/a/root`, "c1");
      assertEquals([modeOf(`${dir}/a/root`), modeOf(folder)], [0o700, 0o711]);
      createContainerDir(`${dir}/sticky`, "c1", { sticky: true });
      assertEquals(modeOf(`${dir}/sticky`), 0o1700);
    } finally {
      Deno.umask(before);
    }
  });
});

Deno.test("an id is taken once its folder is there", () => {
  inTempDir((dir) => {
    createContainerDir(dir, "c1");
    assertEquals(
      refusal(() => createContainerDir(dir, "c1")),
      "container with given ID already exists",
    );
  });
});

Deno.test("a record is written whole, read back, and listed; a missing one does not exist", () => {
  inTempDir((dir) => {
    const paths = createContainerDir(dir, "c1");
    assertEquals(refusal(() => readRecord(dir, "c1")), "container does not exist");
    writeRecord(paths.dir, RECORD);
    writeRecord(paths.dir, { ...RECORD, pid: 7 });
    assertEquals(readRecord(dir, "c1").pid, 7);
    assertEquals(Array.from(Deno.readDirSync(paths.dir), ({ name }) => name), ["state.json"]);
    createContainerDir(dir, "b");
    assertEquals(listIds(dir), ["b", "c1"]);
    assertEquals(listIds(`${dir}/none`), null);
    assertEquals(refusal(() => readRecord(dir, "none")), "container does not exist");
  });
});

Deno.test("removeContainerDir() takes unknown files with it and follows no symlink", () => {
  inTempDir((dir) => {
    const { dir: folder } = createContainerDir(dir, "c1");
    Deno.mkdirSync(`${dir}/outside`);
    Deno.writeTextFileSync(`${dir}/outside/keep`, "");
    Deno.mkdirSync(`${folder}/deep/er`, { recursive: true });
    Deno.symlinkSync(`${dir}/outside`, `${folder}/deep/link`);
    Deno.writeTextFileSync(`${folder}/deep/er/file`, "");
    removeContainerDir(folder);
    assertEquals(listIds(dir), ["outside"]);
    assert(Deno.lstatSync(`${dir}/outside/keep`).isFile);
    removeContainerDir(folder);
  });
});

/** Waits for a lock in another thread, and gives what came of it once `meanwhile` has run while that one waited. */
async function lockElsewhere(dir: string, meanwhile: () => void): Promise<string> {
  const worker = new Worker(new URL("../support/lock_worker.ts", import.meta.url), {
    type: "module",
  });
  try {
    const outcome = new Promise<string>((resolve) => {
      worker.onmessage = ({ data }): void => resolve(data);
    });
    worker.postMessage(dir);
    await isWaitedFor(dir);
    meanwhile();
    return await outcome;
  } finally {
    worker.terminate();
  }
}

/** The kernel lists those that wait for a lock as `-> FLOCK`, with the inode of the file. */
async function isWaitedFor(dir: string): Promise<void> {
  const waiting = new RegExp(`-> FLOCK .*:${Deno.lstatSync(dir).ino} `);
  for (let tries = 0; tries < 1000; tries++) {
    if (waiting.test(Deno.readTextFileSync("/proc/locks"))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Cannot see anybody wait for ${dir}`);
}

Deno.test("a lock keeps others out until it is given back", async () => {
  await inTempDirAsync(async (dir) => {
    const { dir: folder } = createContainerDir(dir, "c1");
    const lock = lockContainer(folder);
    assertEquals(await lockElsewhere(folder, () => lock[Symbol.dispose]()), "locked");
  });
});

Deno.test("who waited for a lock learns that the container was deleted meanwhile, and made anew", async () => {
  await inTempDirAsync(async (dir) => {
    const { dir: folder } = createContainerDir(dir, "c1");
    const lock = lockContainer(folder);
    const outcome = await lockElsewhere(folder, () => {
      removeContainerDir(folder);
      createContainerDir(dir, "c1");
      lock[Symbol.dispose]();
    });
    assertEquals(outcome, "container does not exist");
  });
});

Deno.test("there is no lock for a container that is not there", () => {
  assertEquals(refusal(() => lockContainer("/nowhere/c1")), "container does not exist");
});
