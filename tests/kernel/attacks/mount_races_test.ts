/** Somebody who shares a folder with a container exchanges what is in it for a symlink while its mounts are made. */
import { assert, assertEquals } from "@std/assert";
import type { TestConfig } from "tests/support/bundle.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";
import { Swapper } from "tests/support/swapper.ts";

/** How long one race lasts. */
const MILLISECONDS = 4000;
/** Fewer containers than this prove nothing. */
const FEWEST = 5;

/** Runs containers, each with its number, as long as a race lasts; gives what those wrote that could be made. */
async function racing(
  stage: Stage,
  paths: readonly [string, string],
  edit: (config: TestConfig, index: number) => void,
  seed: number,
): Promise<string[]> {
  const seen: string[] = [];
  await using swapper = new Swapper(paths, seed);
  await swapper.begun();
  const end = performance.now() + MILLISECONDS;
  for (let index = 0; performance.now() < end || seen.length === 0; index++) {
    const { code, stdout } = stage.container((config) => edit(config, index)).run();
    // That it cannot be made is a defence too.
    if (code === 0) seen.push(stdout.trim());
    if (performance.now() > end + 10_000) throw new Error("No container could be made");
  }
  return seen;
}

function outside(stage: Stage): string {
  const folder = `${stage.dir}/outside`;
  Deno.mkdirSync(folder);
  return folder;
}

function entries(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

containerTest(
  "CVE-2021-30465: a mount whose destination is exchanged for a symlink stays inside the root",
  async (stage) => {
    const folder = outside(stage);
    Deno.mkdirSync(`${folder}/mount`);
    Deno.mkdirSync(`${stage.rootfs}/race/mount`, { recursive: true });
    Deno.symlinkSync(folder, `${stage.rootfs}/link`);
    // As the container sees the link, it leads here.
    Deno.mkdirSync(`${stage.rootfs}${folder}/mount`, { recursive: true });
    const seen = await racing(stage, [`${stage.rootfs}/race`, `${stage.rootfs}/link`], (config) => {
      config.process.args = ["sh", "-c", "grep -c ' attack rw' /proc/self/mountinfo; true"];
      config.mounts.push({ destination: "/race/mount", type: "tmpfs", source: "attack" });
    }, 30_465);
    assert(seen.length >= FEWEST, `only ${seen.length} containers`);
    assertEquals([...new Set(seen)], ["1"]);
  },
);

containerTest(
  "CVE-2024-45310: mount points are not made outside of the root",
  async (stage) => {
    const folder = outside(stage);
    const file = `${stage.dir}/file`;
    Deno.writeTextFileSync(file, "");
    Deno.mkdirSync(`${stage.rootfs}/race`);
    Deno.symlinkSync(folder, `${stage.rootfs}/link`);
    Deno.mkdirSync(`${stage.rootfs}${folder}`, { recursive: true });
    const seen = await racing(
      stage,
      [`${stage.rootfs}/race`, `${stage.rootfs}/link`],
      (config, index) => {
        config.process.args = ["true"];
        for (const name of ["a", "b", "c"]) {
          config.mounts.push(
            { destination: `/race/${index}${name}/deep`, type: "tmpfs", source: "attack" },
            {
              destination: `/race/${index}${name}f`,
              type: "bind",
              source: file,
              options: ["bind"],
            },
          );
        }
      },
      45_310,
    );
    assert(seen.length >= FEWEST, `only ${seen.length} containers`);
    assertEquals(entries(folder), []);
  },
);

containerTest(
  "CVE-2023-27561: /proc, exchanged for a symlink, is never mounted where that leads",
  async (stage) => {
    Deno.mkdirSync(`${stage.rootfs}/evil`);
    Deno.symlinkSync("/evil", `${stage.rootfs}/link`);
    const end = performance.now() + MILLISECONDS;
    let made = 0;
    for (let seed = 27_561; performance.now() < end; seed++) {
      const c = stage.container();
      {
        await using swapper = new Swapper([`${stage.rootfs}/proc`, `${stage.rootfs}/link`], seed);
        await swapper.begun();
        if (c.launch("create").code !== 0) continue;
      }
      // Everything has its old name again, so that the name tells the folder.
      made++;
      const mountinfo = Deno.readTextFileSync(`/proc/${c.state().pid}/mountinfo`);
      const lines = mountinfo.split("\n").filter((line) => line.includes(" - proc proc "));
      // The first is procfs itself, the others are parts of it that are covered.
      assertEquals(lines.map((line) => line.split(" ")[4])[0], "/proc");
      c.do("delete", "--force");
    }
    assert(made > 0, "no container could be made");
  },
);
