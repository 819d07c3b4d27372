import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { exec } from "tests/support/running.ts";
import { answerAll, answerNext, SeccompAgent } from "tests/support/seccomp_agent.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** A profile whose calls an agent answers. */
function notifying(listenerPath: string, ...names: readonly string[]): Record<string, unknown> {
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    listenerPath,
    listenerMetadata: "some metadata",
    syscalls: [{ names, action: "SCMP_ACT_NOTIFY" }],
  };
}

const MKDIR = ["mkdir", "mkdirat"];

/** A container whose process makes a folder. */
function maker(stage: Stage, profile: Record<string, unknown>, edit: Edit = () => {}): Container {
  return stage.container((config) => {
    config.process.args = ["sh", "-c", "mkdir /tmp/made; echo $?"];
    config.linux["seccomp"] = profile;
    edit(config);
  });
}

function socketOf(stage: Stage): string {
  return `${stage.dir}/agent.sock`;
}

const SETTINGS: Readonly<Record<string, Edit>> = {
  "with noNewPrivileges": (config) => void (config.process["noNewPrivileges"] = true),
  "without noNewPrivileges": (config) => void (config.process["noNewPrivileges"] = false),
  "for an ordinary user": (config) => void (config.process.user = { uid: 1000, gid: 1000 }),
  "in a user namespace": (config) => {
    config.linux.namespaces.push({ type: "user" });
    for (const kind of ["uid", "gid"]) {
      config.linux[`${kind}Mappings`] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    }
  },
};

for (const [setting, edit] of Object.entries(SETTINGS)) {
  containerTest(
    `an agent gets the listener of a container and answers its calls, ${setting}`,
    async (stage) => {
      using agent = new SeccompAgent(socketOf(stage));
      const container = maker(stage, notifying(socketOf(stage), ...MKDIR), (config: TestConfig) => {
        config["annotations"] = { "org.example": "seen" };
        edit(config);
      });
      container.create();
      using filtered = agent.take();
      const { pid, bundle } = container.state();
      assertEquals(filtered.state, {
        ociVersion: "1.3.0",
        fds: ["seccompFd"],
        pid,
        metadata: "some metadata",
        state: {
          ociVersion: "1.3.0",
          id: container.id,
          status: "creating",
          pid,
          bundle,
          annotations: { "org.example": "seen" },
        },
      });
      container.start();
      answerNext(filtered, { errno: ERRNO.ENOMEDIUM });
      await container.await("stopped");
      assert(agent.quiet);
    },
  );
}

containerTest("what an agent answers is what the process gets", async (stage) => {
  using agent = new SeccompAgent(socketOf(stage));
  const container = maker(stage, notifying(socketOf(stage), ...MKDIR));
  const run = stage.ocirtAsync(["run", "--bundle", container.bundle, container.id]);
  {
    using filtered = agent.take();
    answerNext(filtered, { errno: ERRNO.ENOMEDIUM });
  }
  const { stdout, stderr } = await run;
  assertEquals(stdout, "1\n");
  assertStringIncludes(stderr, "No medium found");
});

containerTest(
  "an agent may be asked about what the init itself calls behind the filter",
  async (stage) => {
    const names = ["execve", "openat", "open", "read", "close", "fcntl", "capset"];
    for (const noNewPrivileges of [true, false]) {
      using agent = new SeccompAgent(socketOf(stage));
      const container = stage.container((config) => {
        config.process["noNewPrivileges"] = noNewPrivileges;
        config.linux["seccomp"] = notifying(socketOf(stage), ...names);
      });
      const run = stage.ocirtAsync(["run", "--bundle", container.bundle, container.id]);
      {
        using filtered = agent.take();
        assert(answerAll(filtered, "continue").length > 3);
      }
      assertEquals(await run, { code: 0, stdout: "", stderr: "" });
      Deno.removeSync(socketOf(stage));
    }
  },
);

containerTest("nobody but the agent keeps the listener: without it calls fail at once", (stage) => {
  using agent = new SeccompAgent(socketOf(stage));
  const container = maker(stage, notifying(socketOf(stage), ...MKDIR), (config) => {
    config.root.readonly = false;
    config.process.args = ["sh", "-c", "mkdir /tmp/made 2>/tmp/why"];
  });
  container.create();
  agent.take()[Symbol.dispose]();
  container.start().await("stopped");
  const why = Deno.readTextFileSync(`${stage.rootfs}/tmp/why`);
  assertStringIncludes(why, "Function not implemented");
});

containerTest(
  "a process of exec and a startContainer hook have listeners of their own",
  async (stage) => {
    using agent = new SeccompAgent(socketOf(stage));
    const container = stage.container((config) => {
      config.process.args = ["sleep", "1000"];
      config.linux["seccomp"] = notifying(socketOf(stage), ...MKDIR);
      config["hooks"] = { startContainer: [{ path: "/bin/true" }] };
    });
    container.create();
    using init = agent.take();
    container.start();
    using hook = agent.take();
    assertEquals([hook.state.state.status, hook.state.state.pid], ["created", init.state.pid]);
    const command = ["exec", container.id, "mkdir", "/tmp/made"];
    const run = stage.ocirtAsync(command);
    {
      using filtered = agent.take();
      const { pid, state } = filtered.state;
      assertEquals([state.status, state.pid], ["running", init.state.pid]);
      assert(pid !== init.state.pid);
      answerNext(filtered, { errno: ERRNO.ENOMEDIUM });
    }
    const { code, stderr } = await run;
    assertEquals(code, 1);
    assertStringIncludes(stderr, "No medium found");
  },
);

containerTest(
  "the annotation run.oci.seccomp.receiver names an agent, and so does an abstract address",
  (stage) => {
    const profile = (path: string): Record<string, unknown> => ({
      defaultAction: "SCMP_ACT_ALLOW",
      ...path === "" ? {} : { listenerPath: path },
      syscalls: [{ names: MKDIR, action: "SCMP_ACT_NOTIFY" }],
    });
    using agent = new SeccompAgent(socketOf(stage));
    maker(stage, profile(""), (config) => {
      config["annotations"] = { "run.oci.seccomp.receiver": socketOf(stage) };
    }).create();
    using filtered = agent.take();
    assertEquals("metadata" in filtered.state, false);
    const name = `ocirt-test${stage.dir}`;
    using abstract = new SeccompAgent(`\0${name}`);
    maker(stage, profile(`@${name}`)).create();
    abstract.take()[Symbol.dispose]();
  },
);

containerTest("where no agent listens nothing is created, and no process executed", (stage) => {
  const missing = maker(stage, notifying(`${stage.dir}/nobody.sock`, ...MKDIR));
  leavingNothing(stage, () => {
    const words = messageOf(missing.run());
    assertStringIncludes(
      words,
      "failed to connect with seccomp agent specified in the seccomp profile",
    );
    assertStringIncludes(words, "no such file or directory");
  });
  const container = maker(stage, notifying(socketOf(stage), ...MKDIR), (config) => {
    config.process.args = ["sleep", "1000"];
  });
  {
    using agent = new SeccompAgent(socketOf(stage));
    container.create().start();
    agent.take()[Symbol.dispose]();
  }
  const { code, stderr } = exec(stage, container, { args: ["true"] });
  assertEquals(code, 255);
  assertStringIncludes(stderr, "failed to connect with seccomp agent");
  assertStringIncludes(stderr, "connection refused");
});

containerTest("what cannot be left to an agent is refused in runc's words", (stage) => {
  const refused = (profile: Record<string, unknown>): string => {
    let words = "";
    const container = maker(stage, profile);
    leavingNothing(stage, () => void (words = messageOf(container.run())));
    return words;
  };
  const path = socketOf(stage);
  assertStringIncludes(
    refused(notifying(path, "write")),
    "SCMP_ACT_NOTIFY cannot be used for the write syscall",
  );
  assertStringIncludes(
    refused({ defaultAction: "SCMP_ACT_NOTIFY", listenerPath: path }),
    "SCMP_ACT_NOTIFY cannot be used as default action",
  );
  assertStringIncludes(refused(notifying("", ...MKDIR)), "seccomp listenerPath is not set");
});
