/** What the program's page says first; `%n` stands for its name. */
export const INTRODUCTION =
  `Runs containers as the runtime specification of the Open Container Initiative describes them. A
container is made from a bundle: a folder with a configuration, config.json, and a root filesystem.
Commands, flags and exit statuses are those of runc, so that container engines can use one in place
of the other.

A container is created, started, and deleted after its end; "%n run" does all of it at once. It goes
by an id, which is a word of letters, digits and "_+-.", unique in the state root.

A failure is told in one sentence: what could not be done, on what, why, and often what helps.`;

type Row = readonly [name: string, text: string];

/** The variables that are read, and what each decides. */
export function environment(program: string): readonly Row[] {
  return [
    [
      "XDG_RUNTIME_DIR",
      `the state root of an ordinary user is the folder "${program}" there; the user's bus is looked for there too`,
    ],
    [
      "DBUS_SESSION_BUS_ADDRESS, DBUS_SYSTEM_BUS_ADDRESS",
      "where to find the systemd that makes cgroups, with --systemd-cgroup",
    ],
    [
      "LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES",
      "sockets that a service manager hands on to the container (sd_listen_fds(3))",
    ],
    ["NOTIFY_SOCKET", "where to tell a service manager that the container is ready (sd_notify(3))"],
    [
      "RUN_OCI_SECCOMP_RECEIVER",
      "the socket of the agent for SCMP_ACT_NOTIFY, where config.json names none; an absolute path",
    ],
    ["PATH", "where programs of the host are looked for"],
  ];
}

/** The files that are read or written, and what is in each. */
export function files(program: string): readonly Row[] {
  return [
    ["config.json", "in the bundle: what the container is to be"],
    [
      `/run/${program}/ID`,
      "the state of the container ID, unless --root or $XDG_RUNTIME_DIR say otherwise; gone once it is deleted",
    ],
    ["/sys/fs/cgroup", "the cgroups of the host"],
    ["/etc/subuid, /etc/subgid", "ids that an ordinary user's containers may have (subuid(5))"],
  ];
}
