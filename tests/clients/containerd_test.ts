import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Pty } from "tests/support/pty.ts";
import { canCheckpoint, COUNT, countsOn } from "./support/counter.ts";
import { IMAGE, IMAGE_NAME } from "./support/image.ts";
import { clientTest, type Machine, RUNTIME } from "./support/machine.ts";

const RUN = `ctr run --runc-binary ${RUNTIME}`;

/** Starts containerd and gives it the image. */
function containerd(machine: Machine): void {
  machine.sh("mkdir -p /etc/containerd; echo version = 2 >/etc/containerd/config.toml");
  machine.daemon("containerd", "ctr version");
  machine.sh(`ctr images import ${IMAGE}; ctr images ls -q | grep -x ${IMAGE_NAME}`);
}

clientTest("containerd", containerd, {
  "runs a container and passes on its output and status": (machine) => {
    assertEquals(machine.sh(`${RUN} --rm ${IMAGE_NAME} one echo hello`), "hello\n");
    const { code } = machine.run(["sh", "-c", `${RUN} --rm ${IMAGE_NAME} two sh -c 'exit 7'`]);
    assertEquals(code, 7);
  },

  "runs a container of the same id as the one it is in": (machine) => {
    assertEquals(machine.sh(`${RUN} --rm ${IMAGE_NAME} c1 echo hello`), "hello\n");
  },

  "tells why a container cannot be made": (machine) => {
    const { code, stderr } = machine.run([
      "sh",
      "-c",
      `${RUN} --rm ${IMAGE_NAME} one no-such-program`,
    ]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'exec: "no-such-program": executable file not found in $PATH');
  },

  "executes in a task, pauses, resumes, lists and kills it": (machine) => {
    machine.sh(`${RUN} --detach ${IMAGE_NAME} one sleep 1000`);
    assertEquals(machine.sh("ctr task exec --exec-id e1 one echo inside"), "inside\n");
    const { code } = machine.run([
      "ctr",
      "task",
      "exec",
      "--exec-id",
      "e2",
      "one",
      "sh",
      "-c",
      "exit 9",
    ]);
    assertEquals(code, 9);
    assertMatch(machine.sh("ctr task ps one"), /^PID\s+INFO\n\d+\s+-\n$/);
    assertStringIncludes(machine.sh("ctr task metrics one"), "memory.usage_in_bytes");
    machine.sh("ctr task pause one");
    assertMatch(machine.sh("ctr task ls"), /\bPAUSED\b/);
    machine.sh("ctr task resume one");
    assertMatch(machine.sh("ctr task ls"), /\bRUNNING\b/);
    machine.sh("ctr task kill --signal KILL one");
    machine.until("ctr task ls | grep STOPPED");
    assertStringIncludes(machine.run(["ctr", "task", "rm", "one"]).stderr, "137");
    machine.sh("ctr container rm one");
  },

  "limits what a container may use": (machine) => {
    const flags = "--memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000";
    const script =
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us";
    const mount = "--mount type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro";
    assertEquals(
      machine.sh(`${RUN} --rm ${flags} ${mount} ${IMAGE_NAME} one sh -c '${script}'`),
      "67108864\n50000\n",
    );
  },

  "gives a container a terminal": async (machine) => {
    using pty = new Pty({ rows: 31, columns: 97 });
    // ctr tells the size of the terminal when the program runs already.
    const script = "until stty size | grep 97; do sleep 0.1; done; exit 3";
    const command = `${RUN} --rm --tty ${IMAGE_NAME} one sh -c '${script}'`;
    pty.start(machine.exec(["sh", "-c", command], ["--tty"]));
    await pty.waitFor(/31 97/);
    assertEquals(await pty.end(), 3);
  },

  "takes checkpoints of a task, which goes on from there": (machine) => {
    if (!canCheckpoint(machine)) return;
    let calls = 0;
    const count = (): string => `ctr task exec --exec-id e${++calls}-$$ one cat /n`;
    machine.sh(`${RUN} --detach ${IMAGE_NAME} one sh -c '${COUNT}'`);
    const before = countsOn(machine, count(), 20);
    machine.sh("ctr container checkpoint --rw --image --task one kept");
    countsOn(machine, count(), before);
    machine.sh("ctr task rm --force one; ctr container rm one");
    machine.sh("ctr container restore --rw --live one kept");
    assert(Number(machine.sh(count())) >= before);
    countsOn(machine, count(), before);
    machine.sh("ctr task checkpoint --exit --image-path /tmp/images one; rm -r /tmp/images");
    machine.until("ctr task ls | grep STOPPED");
    machine.sh("ctr task rm --force one; ctr container rm one; ctr images rm kept");
  },

  "starts 50 containers at once": async (machine) => {
    const run = (
      _: unknown,
      index: number,
    ): Promise<{ code: number; stdout: string; stderr: string }> =>
      machine.runAsync(["sh", "-c", `${RUN} --rm ${IMAGE_NAME} many${index} echo ${index}`]);
    const results = await Promise.all(Array.from({ length: 50 }, run));
    const told = results.map(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
    assertEquals(told, results.map((_, index) => ({ code: 0, stdout: `${index}\n`, stderr: "" })));
  },
});
