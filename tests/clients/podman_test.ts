import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  checkOutputAndStatus,
  checkTerminal,
  checkUsualFlags,
  checkVolume,
} from "./support/checks.ts";
import { canCheckpoint, COUNT, countsOn } from "./support/counter.ts";
import { IMAGE } from "./support/image.ts";
import { clientTest, type Machine } from "./support/machine.ts";
import { configurePodman } from "./support/podman.ts";

/** Points Podman at the runtime, and gives it the image `box`. */
function podman(machine: Machine): void {
  configurePodman(machine);
  machine.sh(`podman load -q -i ${IMAGE}; podman run --rm box true`);
}

clientTest("Podman", podman, {
  "runs a container and passes on its output and status": (machine) => {
    checkOutputAndStatus(machine, "podman");
    assertMatch(machine.sh("podman info"), /ociRuntime:\n +name: ocirt\n/);
  },
  "gives a container what its flags say": (machine) => {
    const run = (flags: string, script: string): string =>
      machine.sh(`podman run --rm ${flags} box sh -c '${script}'`);
    checkUsualFlags(run, "/tmp", "podman-init");
    checkVolume(run);
    assertEquals(run("--read-only", "touch /a 2>/dev/null || echo no"), "no\n");
    assertEquals(
      run("--memory 64m", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes"),
      "67108864\n",
    );
    assertEquals(
      run("--uidmap 0:1000:5000", "cat /proc/self/uid_map").trim().split(/ +/).join(" "),
      "0 1000 5000",
    );
    assertEquals(run("--systemd always --stop-signal 9", "echo $container"), "podman\n");
  },
  "executes in a container, pauses it, shows its processes and stops it": (machine) => {
    machine.sh(
      "podman run --detach --name one box sh -c 'trap exit TERM; while :; do sleep 0.1; done'",
    );
    assertEquals(machine.sh("podman exec one echo inside"), "inside\n");
    assertEquals(machine.sh("podman exec --user 7 --env A=b one sh -c 'id -u; echo $A'"), "7\nb\n");
    assertEquals(machine.run(["podman", "exec", "one", "sh", "-c", "exit 9"]).code, 9);
    assertEquals(machine.run(["podman", "exec", "one", "no-such-program"]).code, 127);
    machine.sh("podman pause one");
    assertStringIncludes(machine.sh("podman ps --all"), "Paused");
    machine.sh("podman unpause one");
    assertStringIncludes(machine.sh("podman top one"), "trap exit TERM");
    machine.sh("podman stop --time 20 one");
    assertEquals(machine.sh("podman inspect --format '{{.State.ExitCode}}' one"), "0\n");
    machine.sh("podman start one; podman kill --signal KILL one; podman wait one");
    assertEquals(machine.sh("podman inspect --format '{{.State.ExitCode}}' one"), "137\n");
    machine.sh("podman rm one");
  },
  "runs a container without cgroups": (machine) => {
    machine.sh("podman run --detach --name one --cgroups disabled box sleep 1000");
    const own = machine.sh("podman inspect --format '{{.State.Pid}}' one").trim();
    assertEquals(machine.sh(`cat /proc/${own}/cgroup`).includes("libpod"), false);
    assertEquals(machine.sh("podman exec one echo inside"), "inside\n");
    machine.sh("podman stop --time 0 one; podman rm one");
  },
  "gives a container a terminal": async (machine) => {
    await checkTerminal(machine.exec(["podman", "run", "--rm", "-it", "box"], ["--tty"]));
  },
  "builds an image": (machine) => {
    machine.sh(`mkdir -p /tmp/build; cd /tmp/build
printf 'FROM box\\nRUN echo built >/file\\nCMD cat /file\\n' >Dockerfile
podman build --quiet --tag built .; rm -r /tmp/build`);
    assertEquals(machine.sh("podman run --rm built"), "built\n");
  },
  "updates limits and shows what is used": (machine) => {
    machine.sh("podman run --detach --name one --memory 64m box sleep 1000");
    machine.sh("podman update --memory 32m --cpus 0.5 --pids-limit 20 one");
    const limits =
      "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max";
    assertEquals(machine.sh(`podman exec one sh -c '${limits}'`), "33554432\n50000\n20\n");
    assertMatch(
      machine.sh("podman stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}'"),
      /^one .* \/ 33\.55MB 1\n$/,
    );
    machine.sh("podman rm --force --time 0 one");
  },
  "runs a pod whose containers share namespaces": (machine) => {
    machine.sh(`podman pod create --name pod
podman run --detach --pod pod --name one box sh -c 'while :; do echo hello | nc -l -p 80; done'`);
    machine.until("podman run --rm --pod pod box nc 127.0.0.1 80 </dev/null | grep hello");
    machine.sh("podman pod pause pod; podman pod unpause pod; podman pod rm --force --time 0 pod");
  },
  "finds a container healthy": (machine) => {
    const health = "--health-cmd 'test -e /tmp/fine' --health-interval disable --health-retries 1";
    machine.sh(`podman run --detach --name one ${health} box sleep 1000`);
    assertEquals(machine.run(["podman", "healthcheck", "run", "one"]).code, 1);
    machine.sh("podman exec one touch /tmp/fine; podman healthcheck run one");
    machine.sh("podman rm --force --time 0 one");
  },
  "plays a Kubernetes file": (machine) => {
    machine.sh(`cat >/tmp/play.yaml <<'.'
apiVersion: v1
kind: Pod
metadata: {name: played}
spec:
  restartPolicy: Never
  containers:
  - name: one
    image: docker.io/library/box:latest
    imagePullPolicy: Never
    command: [sh, -c, "echo $GREETING; sleep 1000"]
    env: [{name: GREETING, value: hello}]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    securityContext: {readOnlyRootFilesystem: true, runAsUser: 5}
.
podman kube play /tmp/play.yaml`);
    machine.until("podman logs played-one | grep -x hello");
    assertEquals(machine.sh("podman exec played-one id -u"), "5\n");
    machine.sh("podman kube down --force /tmp/play.yaml");
  },
  "takes checkpoints of a container, which goes on from there": (machine) => {
    if (!canCheckpoint(machine)) return;
    machine.sh(`podman run --detach --name one box sh -c '${COUNT}'`);
    const before = countsOn(machine, "podman exec one cat /n", 20);
    machine.sh("podman container checkpoint one");
    assertMatch(machine.sh("podman ps --all --format '{{.Names}} {{.Status}}'"), /^one Exited/m);
    machine.sh("podman container restore one");
    assert(Number(machine.sh("podman exec one cat /n")) >= before);
    const kept = countsOn(machine, "podman exec one cat /n", before);
    machine.sh("podman container checkpoint --leave-running --export /tmp/one.tar one");
    countsOn(machine, "podman exec one cat /n", kept);
    machine.sh("podman rm --force --time 0 one");
    machine.sh("podman container restore --import /tmp/one.tar --name two");
    assert(Number(machine.sh("podman exec two cat /n")) >= kept);
    countsOn(machine, "podman exec two cat /n", kept);
    machine.sh("podman rm --force --time 0 two; rm /tmp/one.tar");
  },
  "restarts a container by its policy": (machine) => {
    machine.sh("podman run --detach --name one --restart on-failure:2 box sh -c 'exit 5'");
    machine.until(
      "podman inspect --format '{{.RestartCount}} {{.State.Status}}' one | grep '2 exited'",
    );
    machine.sh("podman rm one");
  },
});
