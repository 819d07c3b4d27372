/** The annotations that crun knows: what is done for them, and what is said where nothing is. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { answerNext, SeccompAgent } from "tests/support/seccomp_agent.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

type Annotations = Readonly<Record<string, string>>;

/** A container that is refused: what is said, after a look that nothing is left. */
function refusal(stage: Stage, annotations: Annotations, seccomp?: unknown): string {
  const container = stage.container((config) => {
    config["annotations"] = annotations;
    if (seccomp !== undefined) config.linux["seccomp"] = seccomp;
  });
  let words = "";
  leavingNothing(stage, () => {
    const result = container.run();
    assertEquals([result.code, result.stdout], [1, ""]);
    words = messageOf(result);
  });
  return words;
}

const MISTYPED = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [
    { names: ["mkdir", "s390_pci_mmio_read"], action: "SCMP_ACT_ERRNO" },
    { names: ["chmod", "opne"], action: "SCMP_ACT_ERRNO" },
  ],
};

containerTest(
  "an unknown system call is an error where it is asked for, and none elsewhere",
  (stage) => {
    const name = "run.oci.seccomp_fail_unknown_syscall";
    assertStringIncludes(
      refusal(stage, { [name]: "1" }, MISTYPED),
      'config.json: /linux/seccomp/syscalls/1/names/1: "opne" is no system call of any architecture',
    );
    const lenient = stage.container((config) => {
      config["annotations"] = { [name]: "0" };
      config.linux["seccomp"] = MISTYPED;
    });
    assertEquals(lenient.run(), { code: 0, stdout: "", stderr: "" });
    const strict = {
      ociVersion: "1.3.0",
      root: { path: "rootfs" },
      process: { args: ["x"], cwd: "/" },
    };
    Deno.mkdirSync(`${lenient.bundle}/rootfs`);
    Deno.writeTextFileSync(
      `${lenient.bundle}/other.json`,
      JSON.stringify({ ...strict, linux: { seccomp: MISTYPED }, annotations: { [name]: "1" } }),
    );
    const explain = ["explain", "--bundle", lenient.bundle, "--config", "other.json"];
    assertStringIncludes(stage.ocirt(explain).stderr, "Cannot use other.json: /linux/seccomp/");
  },
);

containerTest(
  "a container for a handler or for seccomp plugins is refused, never run as another",
  (stage) => {
    assertStringIncludes(
      refusal(stage, { "run.oci.handler": "krun" }),
      '/annotations/run.oci.handler: handler "krun" is not available',
    );
    assertStringIncludes(
      refusal(stage, { "run.oci.seccomp.plugins": "a.so" }, MISTYPED),
      "/annotations/run.oci.seccomp.plugins: seccomp plugins are not supported",
    );
    assertStringIncludes(
      refusal(stage, { "run.oci.mount_context_type": "label" }),
      '/annotations/run.oci.mount_context_type: "label" is none of context, fscontext, defcontext, rootcontext',
    );
    const first = stage.container((config) => {
      config["annotations"] = {
        "run.oci.handler": "krun",
        "io.kubernetes.cri.container-type": "sandbox",
      };
    });
    assertEquals(first.run(), { code: 0, stdout: "", stderr: "" });
  },
);

containerTest("a version 1 hierarchy that is not mounted is a warning", (stage) => {
  const { code, stderr } = stage.container((config) => {
    config["annotations"] = { "run.oci.systemd.force_cgroup_v1": "/sys/fs/cgroup" };
  }).run();
  assertEquals(code, 0);
  assertStringIncludes(stderr, "force_cgroup_v1: is not followed");
});

/** A container whose process makes a folder, for which the file names no agent. */
function maker(stage: Stage, seccomp: Annotations = {}, annotations: Annotations = {}): Container {
  return stage.container((config) => {
    config.process.args = ["sh", "-c", "mkdir /tmp/made; sleep 1000"];
    config["annotations"] = annotations;
    config.linux["seccomp"] = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }],
      ...seccomp,
    };
  });
}

const VARIABLE = "RUN_OCI_SECCOMP_RECEIVER";

containerTest(
  "RUN_OCI_SECCOMP_RECEIVER names an agent, for create and for exec each of its own",
  async (stage) => {
    const paths = ["a", "b"].map((name) => `${stage.dir}/${name}.sock`) as [string, string];
    using first = new SeccompAgent(paths[0]);
    using second = new SeccompAgent(paths[1]);
    const { id, bundle } = maker(stage);
    const create = ["create", "--bundle", bundle, id];
    const made = stage.ocirt(create, { env: { [VARIABLE]: paths[0] } });
    assertEquals(made, { code: 0, stdout: "", stderr: "" });
    first.take()[Symbol.dispose]();
    assertEquals(stage.ocirt(["start", id]).code, 0);
    const command = ["exec", id, "mkdir", "/tmp/other"];
    const run = stage.ocirtAsync(command, { env: { [VARIABLE]: paths[1] } });
    {
      using filtered = second.take();
      assertEquals(filtered.state.state.status, "running");
      answerNext(filtered, { errno: ERRNO.ENOMEDIUM });
    }
    assertStringIncludes((await run).stderr, "No medium found");
    const { code, stderr } = stage.ocirt(command);
    assertEquals(code, 255);
    assertStringIncludes(stderr, "seccomp listenerPath is not set");
    assertEquals(stage.ocirt(["delete", "--force", id]).code, 0);
    assert(first.quiet && second.quiet);
  },
);

containerTest(
  "listenerPath counts before the annotation, and that before the variable",
  (stage) => {
    const [path, annotation, variable] = ["path", "annotation", "variable"].map((name) =>
      `${stage.dir}/${name}.sock`
    ) as [string, string, string];
    using ofPath = new SeccompAgent(path);
    using ofAnnotation = new SeccompAgent(annotation);
    using ofVariable = new SeccompAgent(variable);
    const annotations = { "run.oci.seccomp.receiver": annotation };
    for (
      const [agent, container] of [
        [ofPath, maker(stage, { listenerPath: path }, annotations)],
        [ofAnnotation, maker(stage, {}, annotations)],
        [ofVariable, maker(stage)],
      ] as const
    ) {
      const create = ["create", "--bundle", container.bundle, container.id];
      assertEquals(stage.ocirt(create, { env: { [VARIABLE]: variable } }).code, 0);
      agent.take()[Symbol.dispose]();
      assert(ofPath.quiet && ofAnnotation.quiet && ofVariable.quiet);
    }
  },
);

containerTest(
  "a relative path in RUN_OCI_SECCOMP_RECEIVER is refused where it is needed",
  (stage) => {
    const { id, bundle } = maker(stage);
    const env = { [VARIABLE]: "agent.sock" };
    leavingNothing(stage, () => {
      const result = stage.ocirt(["create", "--bundle", bundle, id], { env });
      assertEquals(result.code, 1);
      assertStringIncludes(
        messageOf(result),
        "Cannot use RUN_OCI_SECCOMP_RECEIVER=agent.sock: it is not an absolute path",
      );
    });
    const without = stage.container();
    const run = ["run", "--bundle", without.bundle, without.id];
    assertEquals(stage.ocirt(run, { env }), { code: 0, stdout: "", stderr: "" });
  },
);
