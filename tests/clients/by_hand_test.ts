import { assert, assertEquals } from "@std/assert";
import { canCheckpoint, COUNT, countsOn } from "./support/counter.ts";
import { clientTest, type Machine, RUNTIME } from "./support/machine.ts";

/** Not on an overlay: CRIU names files by their mounts. */
const BUNDLE = "/var/tmp/bundle";

/** A bundle of busybox that runs shell lines, by the runtime's own configuration. */
function bundle(machine: Machine): void {
  machine.sh(`mkdir -p ${BUNDLE}/rootfs/bin ${BUNDLE}/rootfs/proc
cp /bin/busybox ${BUNDLE}/rootfs/bin
for name in sh cat mv sleep touch; do ln -s busybox ${BUNDLE}/rootfs/bin/$name; done`);
}

/** Has the next container run shell lines, without a terminal. */
function configure(machine: Machine, script: string): void {
  const text = machine.sh(`cd ${BUNDLE}; rm -f config.json; ${RUNTIME} spec; cat config.json`);
  const config = JSON.parse(text);
  config.process.terminal = false;
  config.process.args = ["sh", "-c", script];
  config.root.readonly = false;
  machine.sh(`cat >${BUNDLE}/config.json <<'.'\n${JSON.stringify(config)}\n.`);
}

/** Counts until it is told to stop; then it says so on both of its outputs. */
const UNTIL_STOPPED = COUNT.replace("sleep 0.05", "sleep 0.05; test -e /stop && break") +
  "; echo out; echo error >&2; exit 5";

/** What has pipes as outputs gets those of whoever restores it, two of them; files it opens again (criu(8), --inherit-fd). */
const BY_PIPES =
  `{ ${RUNTIME} run --detach --bundle ${BUNDLE} one </dev/null 2>&3 | cat; } 3>&1 | cat`;

/** Restores from the images, with files as outputs, and lets the program come to its end. */
function restoreAndStop(machine: Machine, from: number): void {
  machine.sh(
    `${RUNTIME} restore --detach --bundle ${BUNDLE} --image-path /var/tmp/images one </dev/null >/var/tmp/out 2>/var/tmp/err`,
  );
  countsOn(machine, `${RUNTIME} exec one cat /n`, from);
  machine.sh(`${RUNTIME} exec one touch /stop`);
  machine.until(`${RUNTIME} state one | grep '"status": "stopped"'`);
  assertEquals(machine.sh("cat /var/tmp/out; cat /var/tmp/err"), "out\nerror\n");
  machine.sh(
    `${RUNTIME} delete one; rm -r /var/tmp/images ${BUNDLE}/rootfs/stop ${BUNDLE}/rootfs/n`,
  );
}

clientTest("The runtime by hand, with CRIU", bundle, {
  "restores a container whose outputs are files of the new caller": (machine) => {
    if (!canCheckpoint(machine)) return;
    configure(machine, UNTIL_STOPPED);
    machine.sh(`(${BY_PIPES}) >/dev/null 2>&1 &`);
    const counted = countsOn(machine, `${RUNTIME} exec one cat /n`, 20);
    machine.sh(`${RUNTIME} checkpoint --image-path /var/tmp/images one`);
    restoreAndStop(machine, counted);
  },

  "restores a container that comes to its end at once": (machine) => {
    if (!canCheckpoint(machine)) return;
    // CRIU interrupts what waits for a time, and this waits only once.
    configure(machine, "exec sleep 1000");
    machine.sh(`${RUNTIME} run --detach --bundle ${BUNDLE} one </dev/null >/dev/null 2>&1`);
    machine.until("grep -l '^sleep$' /proc/[0-9]*/comm");
    machine.sh(`${RUNTIME} checkpoint --image-path /var/tmp/images one`);
    const restore =
      `${RUNTIME} restore --detach --bundle ${BUNDLE} --image-path /var/tmp/images one`;
    assertEquals(machine.sh(`${restore} </dev/null 2>&1 >/dev/null`), "");
    machine.until(`${RUNTIME} state one | grep '"status": "stopped"'`);
    machine.sh(`${RUNTIME} delete one; rm -r /var/tmp/images`);
  },

  "goes on with a container that it has written and left running": (machine) => {
    if (!canCheckpoint(machine)) return;
    configure(machine, COUNT);
    machine.sh(`${RUNTIME} run --detach --bundle ${BUNDLE} one </dev/null >/dev/null 2>&1`);
    const counted = countsOn(machine, `${RUNTIME} exec one cat /n`, 5);
    machine.sh(`${RUNTIME} checkpoint --leave-running --image-path /var/tmp/images one`);
    assert(countsOn(machine, `${RUNTIME} exec one cat /n`, counted) > counted);
    machine.sh(
      `${RUNTIME} delete --force one; rm -r /var/tmp/images ${BUNDLE}/rootfs/n`,
    );
  },
});
