import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  checkOutputAndStatus,
  checkTerminal,
  checkUsualFlags,
  checkVolume,
} from "./support/checks.ts";
import { canCheckpoint, COUNT, countsOn } from "./support/counter.ts";
import { IMAGE } from "./support/image.ts";
import { clientTest, type Machine, RUNTIME } from "./support/machine.ts";

/** What a daemon is told about its runtime. */
const CONFIG = {
  runtimes: { ocirt: { path: RUNTIME } },
  "default-runtime": "ocirt",
  "storage-driver": "overlay2",
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  experimental: true,
};

/** Starts Docker's daemon and gives it the image `box`. */
function docker(machine: Machine): void {
  machine.sh(`mkdir -p /etc/docker; echo '${JSON.stringify(CONFIG)}' >/etc/docker/daemon.json
echo docker:x:999: >>/etc/group
# BuildKit takes the first program of this name.
ln -s ${RUNTIME} /usr/local/bin/runc`);
  machine.daemon("dockerd", "docker version");
  machine.sh(`docker load -q -i ${IMAGE}`);
  // What is made with the first container is kept.
  machine.sh("docker run --rm box true");
}

clientTest("Docker", docker, {
  "runs a container and passes on its output and status": (machine) => {
    checkOutputAndStatus(machine, "docker");
    assertStringIncludes(machine.sh("docker info"), "Default Runtime: ocirt");
  },

  "gives a container what its flags say": (machine) => {
    const run = (flags: string, script: string): string =>
      machine.sh(`docker run --rm ${flags} box sh -c '${script}'`);
    checkUsualFlags(run, "/new", "docker-init");
    checkVolume(run);
    assertMatch(run("--read-only --tmpfs /tmp", "touch /tmp/a && touch /b; true 2>&1"), /^$/);
    assertEquals(run("--ulimit nofile=64:128", "ulimit -n; ulimit -Hn"), "64\n128\n");
    assertEquals(run("--sysctl net.ipv4.ip_forward=0", "cat /proc/sys/net/ipv4/ip_forward"), "0\n");
    assertEquals(
      run("--memory 64m --pids-limit 9", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes"),
      "67108864\n",
    );
  },

  "executes in a container, pauses it, shows its processes and stops it": (machine) => {
    machine.sh(
      "docker run --detach --name one box sh -c 'trap exit TERM; while :; do sleep 0.1; done'",
    );
    assertEquals(machine.sh("docker exec one echo inside"), "inside\n");
    assertEquals(machine.sh("docker exec --user 7 --env A=b one sh -c 'id -u; echo $A'"), "7\nb\n");
    assertEquals(machine.run(["docker", "exec", "one", "sh", "-c", "exit 9"]).code, 9);
    assertEquals(machine.run(["docker", "exec", "one", "no-such-program"]).code, 126);
    machine.sh("docker pause one");
    assertStringIncludes(machine.sh("docker ps"), "(Paused)");
    machine.sh("docker unpause one");
    assertMatch(machine.sh("docker top one"), /\n.*trap exit TERM/);
    machine.sh("docker stop --time 20 one");
    assertEquals(machine.sh("docker inspect --format '{{.State.ExitCode}}' one"), "0\n");
    machine.sh("docker start one; docker kill --signal KILL one");
    machine.until("docker inspect --format '{{.State.ExitCode}}' one | grep 137");
    machine.sh("docker rm one");
  },

  "gives a container a terminal": async (machine) => {
    await checkTerminal(machine.exec(["docker", "run", "--rm", "-it", "box"], ["--tty"]));
  },

  "builds an image": (machine) => {
    machine.sh(`mkdir -p /tmp/build; cd /tmp/build
printf 'FROM box\\nRUN echo built >/file && test $$ = 1\\nCMD cat /file\\n' >Dockerfile
DOCKER_BUILDKIT=0 docker build --quiet --tag built .`);
    assertEquals(machine.sh("docker run --rm built"), "built\n");
  },

  "builds an image by BuildKit": (machine) => {
    machine.sh(`mkdir -p /tmp/build; cd /tmp/build
printf 'FROM box\\nRUN echo built >/file && test $$ = 1\\nCMD cat /file\\n' >Dockerfile
docker buildx build --quiet --tag built .`);
    assertEquals(machine.sh("docker run --rm built"), "built\n");
  },

  "updates limits and shows what is used": (machine) => {
    machine.sh("docker run --detach --name one --memory 64m box sleep 1000");
    machine.sh("docker update --memory 32m --memory-swap 64m --cpus 0.5 --pids-limit 20 one");
    const limits =
      "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max";
    assertEquals(machine.sh(`docker exec one sh -c '${limits}'`), "33554432\n50000\n20\n");
    assertMatch(
      machine.sh("docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}'"),
      /^one .* \/ 32MiB 1\n$/,
    );
    machine.sh("docker rm --force one");
  },

  "tells that a container was out of memory": (machine) => {
    // The event takes its time, and nobody listens to a container that has ended.
    const script = "tail /dev/zero || { sleep 2; exit 9; }";
    const run = ["docker", "run", "--name", "one", "--memory", "8m", "box", "sh", "-c", script];
    assertEquals(machine.run(run).code, 9);
    assertEquals(machine.sh("docker inspect --format '{{.State.OOMKilled}}' one"), "true\n");
    machine.sh("docker rm one");
  },

  "takes a checkpoint of a container, which goes on from there": (machine) => {
    if (!canCheckpoint(machine)) return;
    const flags = "--security-opt seccomp=unconfined --network none";
    machine.sh(`docker run --detach --name one ${flags} box sh -c '${COUNT}'`);
    const before = countsOn(machine, "docker exec one cat /n", 20);
    machine.sh("docker checkpoint create one kept");
    // Docker stumbles over its own copy of the checkpoint until containerd has thrown that away (moby issue 42900).
    machine.until("docker start --checkpoint kept one");
    assert(Number(machine.sh("docker exec one cat /n")) >= before);
    countsOn(machine, "docker exec one cat /n", before);
    machine.sh("docker rm --force one");
  },

  "restarts a container by its policy": (machine) => {
    machine.sh("docker run --detach --name one --restart on-failure:2 box sh -c 'exit 5'");
    machine.until(
      "docker inspect --format '{{.RestartCount}} {{.State.Status}}' one | grep '2 exited'",
    );
    machine.sh("docker run --detach --name two --restart always box sleep 0.2");
    machine.until("test $(docker inspect --format '{{.RestartCount}}' two) -ge 2");
    machine.sh("docker rm --force one two");
  },

  "finds a container healthy": (machine) => {
    const health = "--health-cmd 'test -e /tmp/fine' --health-interval 0.2s --health-retries 1";
    machine.sh(
      `docker run --detach --name one ${health} box sh -c 'sleep 1; touch /tmp/fine; sleep 1000'`,
    );
    machine.until("docker inspect --format '{{.State.Health.Status}}' one | grep -x healthy");
    machine.sh("docker rm --force one");
  },

  "lets containers reach each other": (machine) => {
    machine.sh(`docker network create net
docker run --detach --name one --network net box sh -c 'while :; do echo hello | nc -l -p 80; done'`);
    machine.until("docker run --rm --network net box nc one 80 </dev/null | grep hello");
    machine.sh("docker rm --force one; docker network rm net");
  },

  "goes on with containers when its daemon is started anew": (machine) => {
    machine.sh(
      `echo '${JSON.stringify({ ...CONFIG, "live-restore": true })}' >/etc/docker/daemon.json
kill -HUP $(pidof dockerd)
docker run --detach --name one box sleep 1000
kill $(pidof dockerd)
while pidof dockerd; do sleep 0.1; done >/dev/null`,
    );
    machine.daemon("dockerd", "docker version");
    assertEquals(machine.sh("docker exec one echo inside"), "inside\n");
    machine.sh("docker rm --force one");
  },
});
