import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const SILENT = { code: 0, stdout: "", stderr: "" };

function sleeper(stage: Stage): Container {
  return stage.container((config) => config.process.args = ["sleep", "1000"]);
}

/** Runs a test that leaves bundles alone behind. */
function tidily(stage: Stage, test: () => void): void {
  leavingNothing(stage, () => {
    test();
    for (const { name } of Array.from(Deno.readDirSync(stage.dir))) {
      if (/^c\d+$/.test(name)) Deno.removeSync(`${stage.dir}/${name}`, { recursive: true });
    }
  });
}

containerTest("delete takes a stopped container away whole", (stage) => {
  tidily(stage, () => {
    const c = stage.container().create().start().await("stopped");
    assertEquals(c.do("delete"), SILENT);
    assertEquals(messageOf(c.do("state")), "container does not exist");
  });
});

containerTest("delete ends and takes away a container that was never started", (stage) => {
  tidily(stage, () => assertEquals(sleeper(stage).create().do("delete"), SILENT));
});

containerTest(
  "delete of a running container is refused in runc's words, and changes nothing",
  (stage) => {
    const c = sleeper(stage).create().start();
    const before = c.state();
    const result = c.do("delete");
    assertEquals([result.code, result.stdout], [1, ""]);
    assertEquals(messageOf(result), "cannot delete container c1 that is not stopped: running");
    assertEquals(c.state(), before);
  },
);

containerTest("delete --force ends a running container, wherever the flag stands", (stage) => {
  tidily(stage, () => {
    for (const flags of [["delete", "--force", "c1"], ["delete", "c2", "-f"]]) {
      const { pid } = sleeper(stage).create().start().state();
      assertEquals(stage.ocirt(flags), SILENT);
      // The moment delete returns, the process must be gone or a zombie that its parent will reap.
      let status = "State:\tX";
      try {
        status = Deno.readTextFileSync(`/proc/${pid}/status`);
      } catch {
        // Reaped already.
      }
      assert(/^State:\s[XZ]/m.test(status), status);
    }
  });
});

containerTest(
  "delete --force ends the children of a container in the host's pid namespace",
  (stage) => {
    tidily(stage, () => {
      const c = stage.container((config) => {
        config.process.args = ["sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000"];
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
      });
      c.create().start();
      assertEquals(c.do("delete", "--force"), SILENT);
    });
  },
);

containerTest(
  "processes that outlive a stopped init in the host's pid namespace are ended by delete",
  (stage) => {
    tidily(stage, () => {
      const c = stage.container((config) => {
        config.process.args = ["sh", "-c", "sleep 1000 &"];
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
      });
      c.create().start().await("stopped");
      assertEquals(c.do("delete"), SILENT);
    });
  },
);

containerTest("delete of a missing container is an error, with --force it is none", (stage) => {
  const result = stage.ocirt(["delete", "none"]);
  assertEquals([result.code, messageOf(result)], [1, "container does not exist"]);
  assertEquals(stage.ocirt(["delete", "--force", "none"]), SILENT);
});

containerTest(
  "delete --force takes away a folder without a record, as a killed create leaves it",
  (stage) => {
    Deno.mkdirSync(`${stage.root}/half`);
    assertEquals(messageOf(stage.ocirt(["delete", "half"])), "container does not exist");
    assertEquals(stage.ocirt(["delete", "--force", "half"]), SILENT);
    assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
  },
);

containerTest("delete leaves a cgroup that was there before the container", (stage) => {
  const c = stage.container();
  c.create().do("delete");
  const [parent] = stage.cgroups();
  assertEquals(parent, undefined, "what was made for it goes with it");
  const hierarchy = "/sys/fs/cgroup/pids";
  let own: string | null = null;
  try {
    Deno.mkdirSync(`${hierarchy}${stage.cgroup}/c1`, { recursive: true });
    own = `${hierarchy}${stage.cgroup}/c1`;
  } catch {
    // A host of cgroup v2 has it elsewhere.
    Deno.mkdirSync(`/sys/fs/cgroup${stage.cgroup}/c1`, { recursive: true });
    own = `/sys/fs/cgroup${stage.cgroup}/c1`;
  }
  c.create();
  assertEquals(c.do("delete"), SILENT);
  assert(Deno.statSync(own).isDirectory);
});

containerTest("an id may be used again after its container is deleted", (stage) => {
  const c = stage.container();
  for (let time = 0; time < 3; time++) {
    c.create();
    assertEquals(c.do("delete"), SILENT);
  }
});

containerTest("--regex names many containers at once, to kill and to delete", (stage) => {
  const sleeping = (): Container =>
    stage.container((config) => config.process.args = ["sleep", "1000"]).create().start();
  const [first, second] = [sleeping(), sleeping()];
  const other = stage.ocirt(["create", "-b", stage.container().bundle, "other"]);
  assertEquals(other.code, 0);
  const quiet = { code: 0, stdout: "", stderr: "" };
  assertEquals(stage.ocirt(["kill", "--regex", "^c[12]$", "KILL"]), quiet);
  for (const container of [first, second]) container.await("stopped");
  assertEquals(stage.ocirt(["delete", "-r", "^c"]), quiet);
  assertEquals(stage.ocirt(["list", "-q"]).stdout, "other\n");
  assertMatch(messageOf(stage.ocirt(["delete", "--regex", "("])), /no regular expression/);
  const running = sleeping();
  const refused = stage.ocirt(["delete", "--regex", "."]);
  assertEquals(refused.code, 1);
  assertMatch(messageOf(refused), new RegExp(`cannot delete container ${running.id} that is not`));
  assertEquals(stage.ocirt(["list", "-q"]).stdout, `${running.id}\n`);
});
