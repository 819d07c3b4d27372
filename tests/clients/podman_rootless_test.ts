import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkOutputAndStatus, checkTerminal, checkUsualFlags } from "./support/checks.ts";
import { IMAGE } from "./support/image.ts";
import { clientTest, type Machine, type Steps } from "./support/machine.ts";
import { configurePodman } from "./support/podman.ts";
import { User } from "./support/user.ts";

const USERS = new WeakMap<Machine, { readonly ann: User; readonly bob: User }>();

/** Two ordinary users with the image `box`: ann may map ids of others, bob the own one alone. */
function users(machine: Machine): void {
  configurePodman(machine);
  const ann = new User(machine, { name: "ann", id: 1000, moreIds: 100_000 });
  const bob = new User(machine, { name: "bob", id: 1001, moreIds: null });
  // What a user's first container brings, like a process that holds the user's namespace, is kept.
  for (const user of [ann, bob]) {
    user.sh(`podman load -q -i ${IMAGE} 2>&1; podman run --rm box true 2>&1`);
  }
  USERS.set(machine, { ann, bob });
}

type UserStep = (users: { readonly ann: User; readonly bob: User }) => void | Promise<void>;

function forUsers(steps: Readonly<Record<string, UserStep>>): Steps {
  const withUsers = (step: UserStep) => (machine: Machine): void | Promise<void> => {
    const those = USERS.get(machine);
    if (those !== undefined) return step(those);
  };
  return Object.fromEntries(Object.entries(steps).map(([name, it]) => [name, withUsers(it)]));
}

clientTest(
  "Podman of ordinary users",
  users,
  forUsers({
    "runs a container and passes on its output and status": ({ ann }) => {
      checkOutputAndStatus(ann, "podman");
      assertMatch(ann.sh("podman info"), /ociRuntime:\n +name: ocirt\n/);
    },

    "gives a container what its flags say": ({ ann }) => {
      const run = (flags: string, script: string): string =>
        ann.sh(`podman run --rm ${flags} box sh -c '${script}'`);
      checkUsualFlags(run, "/tmp", "podman-init");
      assertEquals(run("--read-only", "touch /a 2>/dev/null || echo no"), "no\n");
      assertEquals(run("--tmpfs /mnt:size=1m", "df -k /mnt | tail -n 1").split(/ +/)[1], "1024");
      assertEquals(run("--group-add 7", "id -G"), "0 7\n");
    },

    "maps ids as it is told": ({ ann }) => {
      const run = (flags: string, script: string): string =>
        ann.sh(`podman run --rm ${flags} box sh -c '${script}'`);
      const map = 'tr -s " " </proc/self/uid_map | head -n 1';
      assertEquals(run("", map), " 0 1000 1\n");
      assertEquals(run("--userns keep-id", "id -u; id -g"), "1000\n1000\n");
      assertEquals(run("--userns keep-id:uid=5,gid=6", "id -u; id -g"), "5\n6\n");
      assertEquals(run("--userns auto", map), " 0 1 1024\n");
      assertEquals(run("--uidmap 0:1:500", map), " 0 1 500\n");
    },

    "shares folders of the user": ({ ann }) => {
      ann.sh("mkdir shared; echo from outside >shared/a");
      const share = "--volume $HOME/shared:/mnt";
      ann.sh(`podman run --rm ${share} box sh -c 'cat /mnt/a >/mnt/b'`);
      ann.sh(`podman run --rm --userns keep-id ${share} box sh -c 'cat /mnt/b >/mnt/c'`);
      assertEquals(
        ann.sh("cat shared/c; stat -c %U shared/b shared/c"),
        "from outside\nann\nann\n",
      );
      ann.sh(`podman run --rm --user 5 ${share}:U box sh -c 'echo of 5 >/mnt/d'`);
      assertEquals(ann.sh("stat -c %u shared/d"), "100004\n");
      assertEquals(
        ann.sh(`podman run --rm ${share}:ro box sh -c 'touch /mnt/e 2>/dev/null || echo no'`),
        "no\n",
      );
      ann.sh("podman unshare rm -r shared");
    },

    "executes in a container, shows its processes and stops it": ({ ann }) => {
      const script = "trap exit TERM; while :; do sleep 0.1; done";
      ann.sh(`podman run --detach --name one box sh -c '${script}'`);
      assertEquals(ann.sh("podman exec one echo inside"), "inside\n");
      assertEquals(ann.sh("podman exec --user 7 --env A=b one sh -c 'id -u; echo $A'"), "7\nb\n");
      assertEquals(ann.run(["podman", "exec", "one", "sh", "-c", "exit 9"]).code, 9);
      assertEquals(ann.run(["podman", "exec", "one", "no-such-program"]).code, 127);
      assertStringIncludes(ann.sh("podman top one"), "trap exit TERM");
      ann.sh("podman stop --time 20 one");
      assertEquals(ann.sh("podman inspect --format '{{.State.ExitCode}}' one"), "0\n");
      ann.sh("podman start one; podman kill --signal KILL one; podman wait one");
      assertEquals(ann.sh("podman inspect --format '{{.State.ExitCode}}' one"), "137\n");
      ann.sh("podman start one; podman rm --force --time 0 one");
    },

    "gives a container a terminal": async ({ ann }) => {
      await checkTerminal(ann.exec(["podman", "run", "--rm", "-it", "box"]));
    },

    "builds an image": ({ ann }) => {
      ann.sh(`mkdir build
printf 'FROM box\\nRUN echo built >/file && chown 5 /file\\nUSER 5\\nCMD cat /file\\n' >build/Dockerfile
podman build --quiet --tag built build; rm -r build`);
      assertEquals(ann.sh("podman run --rm built"), "built\n");
    },

    "runs a pod whose containers share namespaces": ({ ann }) => {
      ann.sh(`podman pod create --name pod
podman run --detach --pod pod --name one box sh -c 'while :; do echo hello | nc -l -p 80; done'
until podman run --rm --pod pod box nc 127.0.0.1 80 </dev/null | grep hello; do :; done
podman pod rm --force --time 0 pod`);
    },

    "finds a container healthy": ({ ann }) => {
      const health =
        "--health-cmd 'test -e /tmp/fine' --health-interval disable --health-retries 1";
      ann.sh(`podman run --detach --name one ${health} box sleep 1000`);
      assertEquals(ann.run(["podman", "healthcheck", "run", "one"]).code, 1);
      ann.sh("podman exec one touch /tmp/fine; podman healthcheck run one");
      ann.sh("podman rm --force --time 0 one");
    },

    "connects containers in every way that users have": ({ ann }) => {
      const devices = (network: string): string =>
        ann.sh(`podman run --rm --network ${network} box ls /sys/class/net`).replaceAll(
          /\s+/g,
          " ",
        );
      assertEquals(devices("none"), "lo ");
      assertEquals(devices("host"), "lo ");
      assertEquals(devices("pasta:-I,tap9"), "lo tap9 ");
      assertEquals(devices("slirp4netns"), "lo tap0 ");
    },

    "runs containers on a file system of the user's own": ({ ann }) => {
      const program = "--storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs";
      const podman = `podman --root $HOME/store --runroot $HOME/run ${program}`;
      ann.sh(`${podman} load -q -i ${IMAGE} 2>&1`);
      const root = `${podman} run --rm box sh -c "grep ' / ' /proc/mounts"`;
      assertMatch(ann.sh(root), /^fuse-overlayfs \/ /);
      ann.sh(`${podman} rmi --all; podman unshare sh -c 'umount -l $HOME/store/overlay || :'
podman unshare rm -r $HOME/store $HOME/run`);
    },

    "runs containers of a user who has no more ids": ({ bob }) => {
      assertEquals(bob.sh("podman run --rm box sh -c 'id -u; echo hello'"), "0\nhello\n");
      assertEquals(bob.sh("podman run --rm box cat /proc/self/setgroups"), "deny\n");
    },

    "starts 20 containers at once": async ({ ann }) => {
      const results = await Promise.all(
        Array.from(
          { length: 20 },
          (_, index) => ann.runAsync(["podman", "run", "--rm", "box", "echo", `${index}`]),
        ),
      );
      const told = results.map(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
      assertEquals(
        told,
        results.map((_, index) => ({ code: 0, stdout: `${index}\n`, stderr: "" })),
      );
    },
  }),
);
