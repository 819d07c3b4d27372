import { assertEquals } from "@std/assert";
import { CONTEXT, type Draft, problemsWith, validWith } from "tests/support/spec_fixtures.ts";

type Annotations = Readonly<Record<string, string>>;

const ALLOWING = { defaultAction: "SCMP_ACT_ALLOW" };

function withAnnotations(annotations: Annotations, seccomp?: Draft): (config: Draft) => void {
  return (config) => {
    config.annotations = annotations;
    if (seccomp !== undefined) config.linux.seccomp = seccomp;
  };
}

function problems(annotations: Annotations, seccomp?: Draft): string[] {
  return problemsWith(withAnnotations(annotations, seccomp));
}

function warnings(annotations: Annotations, seccomp?: Draft): readonly string[] {
  return validWith(withAnnotations(annotations, seccomp)).warnings;
}

Deno.test("a container that asks for a handler is refused, but for the first one of a pod", () => {
  const handler = { "run.oci.handler": "wasm" };
  assertEquals(problems(handler), [
    '/annotations/run.oci.handler: handler "wasm" is not available; there is none but Linux, which executes programs',
  ]);
  assertEquals(problems({ ...handler, "io.kubernetes.cri.container-type": "container" }).length, 1);
  assertEquals(problems({ ...handler, "io.kubernetes.cri.container-type": "sandbox" }), []);
  assertEquals(problems({ "run.oci.handler": "" }), []);
});

Deno.test("seccomp plugins are refused where there is a filter, and told of where there is none", () => {
  const plugins = { "run.oci.seccomp.plugins": "libplugin.so" };
  const refused =
    "/annotations/run.oci.seccomp.plugins: seccomp plugins are not supported; an agent is, by listenerPath or run.oci.seccomp.receiver";
  assertEquals(problems(plugins, ALLOWING), [refused]);
  assertEquals(problems({ ...plugins, "run.oci.seccomp_bpf_data": "" }), [refused]);
  assertEquals(problems(plugins), []);
  assertEquals(warnings(plugins), [
    "/annotations/run.oci.seccomp.plugins: there is no seccomp filter that they could serve",
  ]);
  assertEquals(warnings({ "run.oci.seccomp.plugins": "" }, ALLOWING), []);
});

Deno.test("a version 1 hierarchy that nobody mounts is told", () => {
  assertEquals(warnings({ "run.oci.systemd.force_cgroup_v1": "/sys/fs/cgroup" }), [
    '/annotations/run.oci.systemd.force_cgroup_v1: is not followed: no version 1 hierarchy is mounted on "/sys/fs/cgroup"',
  ]);
});

Deno.test("the context of mounts has one of SELinux's four options", () => {
  assertEquals(validWith(() => {}).mountContext, "context");
  for (const word of ["context", "fscontext", "defcontext", "rootcontext"] as const) {
    const spec = validWith(withAnnotations({ "run.oci.mount_context_type": word }));
    assertEquals(spec.mountContext, word);
  }
  for (const word of ["", "Context", "seclabel"]) {
    assertEquals(problems({ "run.oci.mount_context_type": word }), [
      `/annotations/run.oci.mount_context_type: "${word}" is none of context, fscontext, defcontext, rootcontext`,
    ]);
  }
});

Deno.test("the receiver of an annotation is an absolute path, and counts where listenerPath is none", () => {
  const listenerOf = (seccomp: Draft): unknown =>
    validWith(withAnnotations({ "run.oci.seccomp.receiver": "/a" }, seccomp)).seccomp?.listener;
  assertEquals(listenerOf(ALLOWING), { path: "/a", metadata: "" });
  const listened = { ...ALLOWING, listenerPath: "/b", listenerMetadata: "m" };
  assertEquals(listenerOf(listened), { path: "/b", metadata: "m" });
  assertEquals(problems({ "run.oci.seccomp.receiver": "a" }, ALLOWING), [
    '/annotations/run.oci.seccomp.receiver: "a" is not an absolute path',
  ]);
  assertEquals(problems({ "run.oci.seccomp.receiver": "a" }, listened), []);
});

Deno.test("a rule may notify where the caller says who answers", () => {
  const notifying = {
    ...ALLOWING,
    syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }],
  };
  const change = withAnnotations({}, notifying);
  assertEquals(problemsWith(change, { ...CONTEXT, hasSeccompReceiver: true }), []);
  assertEquals(problemsWith(change, { ...CONTEXT, hasSeccompReceiver: false }), [
    "/linux/seccomp/syscalls/0/action: seccomp listenerPath is not set",
  ]);
});

Deno.test("unknown system calls are errors where the annotation is there, and not 0", () => {
  const refuses = (annotations: Annotations): boolean | undefined =>
    validWith(withAnnotations(annotations, ALLOWING)).seccomp?.refusesUnknown;
  assertEquals(refuses({}), false);
  for (
    const [value, expected] of [["1", true], ["", true], ["false", true], ["0", false]] as const
  ) {
    assertEquals(refuses({ "run.oci.seccomp_fail_unknown_syscall": value }), expected, value);
  }
});

Deno.test("a compiled filter stands in for the policy, of which flags and listener count", () => {
  const flags = ["SECCOMP_FILTER_FLAG_LOG"];
  const seccomp = {
    defaultAction: "SCMP_ACT_NOTIFY",
    flags,
    listenerPath: "/s",
    listenerMetadata: "m",
  };
  const spec = validWith(withAnnotations({ "run.oci.seccomp_bpf_data": "AAAA" }, seccomp));
  assertEquals(spec.seccomp, null);
  assertEquals(spec.rawFilter, {
    base64: "AAAA",
    origin: "/annotations/run.oci.seccomp_bpf_data",
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    listener: { path: "/s", metadata: "m" },
  });
  const alone = validWith(withAnnotations({ "run.oci.seccomp_bpf_data": "" }));
  assertEquals([alone.rawFilter?.flags, alone.rawFilter?.listener], [null, null]);
});
