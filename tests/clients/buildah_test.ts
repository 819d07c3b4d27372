import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkTerminal } from "./support/checks.ts";
import { IMAGE } from "./support/image.ts";
import { clientTest, type Machine, RUNTIME } from "./support/machine.ts";
import { configurePodman } from "./support/podman.ts";

/** Without these buildah takes a way of its own where it cannot have all rights, which needs no runtime. */
const BY_RUNTIME = `--isolation oci --runtime ${RUNTIME}`;

/** Gives buildah the image `box`, and a working container of it that is named `box-working-container`. */
function buildah(machine: Machine): void {
  configurePodman(machine);
  machine.sh(`buildah pull -q docker-archive:${IMAGE}; buildah from box; mkdir /context`);
}

const CONTAINER = "box-working-container";

/** What building an image by a Containerfile comes to. */
function build(machine: Machine, lines: string, flags = ""): { code: number; told: string } {
  const command = `buildah build ${BY_RUNTIME} ${flags} --tag built -f - /context`;
  const script = `${command} <<'.'\n${lines}\n.`;
  const { code, stdout, stderr } = machine.run(["sh", "-c", script]);
  return { code, told: stdout + stderr };
}

/** The text of a file in the image that was built. */
function fileOf(machine: Machine, path: string): string {
  const from = "c=$(buildah from built)";
  return machine.sh(`${from}; cat "$(buildah mount $c)${path}"; buildah rm $c >/dev/null`);
}

clientTest("buildah", buildah, {
  "runs a program in a working container and passes on its output and status": (machine) => {
    const run = (...args: string[]): { code: number; stdout: string; stderr: string } =>
      machine.run(["buildah", "run", ...BY_RUNTIME.split(" "), "--", CONTAINER, ...args]);
    assertEquals(run("echo", "hello"), { code: 0, stdout: "hello\n", stderr: "" });
    assertEquals(run("sh", "-c", "exit 7").code, 7);
    const { code, stderr } = run("no-such-program");
    assertEquals(code, 1);
    assertMatch(stderr, /exec: \\"no-such-program\\": executable file not found in \$PATH/);
  },

  "gives a program what flags say": (machine) => {
    const run = (flags: string, script: string): string =>
      machine.sh(`buildah run ${BY_RUNTIME} ${flags} ${CONTAINER} sh -c '${script}'`);
    assertEquals(
      run("--user 5:6 --env A=b --workingdir /tmp", "id -u; id -g; echo $A; pwd"),
      "5\n6\nb\n/tmp\n",
    );
    assertEquals(run("--hostname box", "hostname"), "box\n");
    assertEquals(
      run("--volume /image:/mnt:ro", "ls /mnt/bin/sh; touch /mnt/a 2>/dev/null || echo no"),
      "/mnt/bin/sh\nno\n",
    );
    assertEquals(
      run("--mount type=tmpfs,destination=/mnt", 'grep -c " /mnt tmpfs" /proc/mounts'),
      "1\n",
    );
    assertEquals(
      run("--cap-drop all", "grep CapEff /proc/self/status"),
      "CapEff:\t0000000000000000\n",
    );
    assertEquals(run("--network none", "ls /sys/class/net"), "lo\n");
  },

  "gives a program a terminal": async (machine) => {
    const command = ["buildah", "run", ...BY_RUNTIME.split(" "), "--tty", CONTAINER, "sh"];
    await checkTerminal(
      machine.exec(command, ["--tty"]),
      "until stty size | grep 97; do sleep 0.1; done",
    );
  },

  "builds an image by several programs": (machine) => {
    machine.sh("echo of the context >/context/file");
    const lines = `FROM box
RUN echo one >/a && mkdir -m 777 /all
RUN cat /a >/b && echo two >>/b
RUN --mount=type=bind,source=file,target=/mnt/file cat /mnt/file >>/b
USER 5:6
WORKDIR /all
ENV GREETING=hello
RUN (id -u; id -g; pwd; echo $GREETING) >/all/c
USER 0
RUN ["sh", "-c", "cat /b /all/c >/d"]`;
    const { code, told } = build(machine, lines);
    assertEquals(code, 0, told);
    assertEquals(fileOf(machine, "/d"), "one\ntwo\nof the context\n5\n6\n/all\nhello\n");
    machine.sh("rm /context/file");
  },

  "limits what programs of a build may use": (machine) => {
    const script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes; ulimit -n";
    const flags = "--memory 64m --ulimit nofile=64:64 --ulimit nproc=1024:1024";
    const { code, told } = build(machine, `FROM box\nRUN (${script}) >/a`, flags);
    assertEquals(code, 0, told);
    assertEquals(fileOf(machine, "/a"), "67108864\n64\n");
  },

  "builds stages at once": (machine) => {
    const stages = ["a", "b", "c", "d"];
    const lines = [
      ...stages.map((name) => `FROM box AS ${name}\nRUN echo ${name} >/${name}`),
      "FROM box",
      ...stages.map((name) => `COPY --from=${name} /${name} /${name}`),
      "RUN cat /a /b /c /d >/all",
    ].join("\n");
    const { code, told } = build(machine, lines, "--jobs 4");
    assertEquals(code, 0, told);
    assertEquals(fileOf(machine, "/all"), "a\nb\nc\nd\n");
  },

  "ends a build with the status of the program that fails": (machine) => {
    const { code, told } = build(machine, "FROM box\nRUN true\nRUN echo why >&2; exit 9");
    assertEquals(code, 9, told);
    assertStringIncludes(told, "why\n");
  },

  "ends what it runs when it is interrupted": (machine) => {
    const command = `buildah run ${BY_RUNTIME} ${CONTAINER} sleep 1000`;
    machine.sh(`setsid ${command} </dev/null >/dev/null 2>&1 & echo $! >/tmp/pid`);
    machine.until("pidof sleep | grep ' '");
    machine.sh("kill -INT $(cat /tmp/pid); rm /tmp/pid");
  },
});
