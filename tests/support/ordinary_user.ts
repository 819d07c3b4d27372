import { giveTo, type TestConfig, testConfig } from "./bundle.ts";
import { OCIRT, type Result, runProgram } from "./ocirt.ts";
import type { Stage } from "./stage.ts";

/** A user that is made for a test and known to its own mount namespace only. */
export const USER = 5150;

/** What newuidmap(1) and newgidmap(1) may map for that user. */
export const SUBORDINATE = { uid: 600_000, gid: 700_000, size: 1000 } as const;

/** Runs as root in a mount namespace of its own; `$1` is the folder, `$2` the executable. */
const BECOME_USER = `
set -e
d=$1 exe=$2; shift 2
for f in passwd group subuid subgid; do
  [ -e /etc/$f ] || continue
  mount --bind "$d/etc/$f" /etc/$f
done
mount --bind "$exe" "$d/ocirt"
cd "$d/home"
exec env -i PATH="$d:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$d/home" USER=tester \\
  XDG_RUNTIME_DIR="$d/run" setpriv --reuid ${USER} --regid ${USER} --clear-groups \\
  --inh-caps=-all "$@"
`;

/** An ordinary user with a bundle and a state root of its own. */
export class OrdinaryUser implements Disposable {
  readonly bundle: string;
  readonly runtimeDir: string;
  readonly #dir: string;

  /** @param ranges whether /etc/subuid and /etc/subgid give the user more ids than the own */
  constructor(stage: Stage, ranges: "none" | "some" = "none") {
    this.#dir = stage.dir;
    this.bundle = `${stage.dir}/bundle`;
    this.runtimeDir = `${stage.dir}/run`;
    for (const name of ["bundle", "run", "home", "etc"]) Deno.mkdirSync(`${stage.dir}/${name}`);
    Deno.chmodSync(this.runtimeDir, 0o700);
    for (const [name, line] of this.#users(ranges)) {
      Deno.writeTextFileSync(`${stage.dir}/etc/${name}`, line);
    }
    Deno.writeTextFileSync(`${stage.dir}/ocirt`, "");
    for (const path of [this.bundle, this.runtimeDir, `${stage.dir}/home`, stage.rootfs]) {
      giveTo(path, USER);
    }
    this.configure(() => {});
  }

  #users(ranges: "none" | "some"): [name: string, text: string][] {
    const { uid, gid, size } = SUBORDINATE;
    const range = (first: number): string => ranges === "none" ? "" : `tester:${first}:${size}\n`;
    return [
      [
        "passwd",
        `root:x:0:0::/root:/bin/sh\ntester:x:${USER}:${USER}::${this.#dir}/home:/bin/sh\n`,
      ],
      ["group", `root:x:0:\ntester:x:${USER}:\n`],
      ["subuid", range(uid)],
      ["subgid", range(gid)],
    ];
  }

  /** Writes config.json: what `spec --rootless` is to the default, with the user as root. */
  configure(edit: (config: TestConfig) => void): void {
    const config = testConfig(`${this.#dir}/rootfs`, "");
    const { linux } = config;
    delete linux["cgroupsPath"];
    delete linux["resources"];
    linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
    linux.namespaces.push({ type: "user" });
    linux["uidMappings"] = [{ containerID: 0, hostID: USER, size: 1 }];
    linux["gidMappings"] = [{ containerID: 0, hostID: USER, size: 1 }];
    for (const mount of config.mounts) {
      if (mount.options !== undefined) {
        mount.options = mount.options.filter((option) => option !== "gid=5");
      }
    }
    edit(config);
    Deno.writeTextFileSync(`${this.bundle}/config.json`, JSON.stringify(config));
  }

  /** Runs a program as the user, in the home folder; `ocirt` is in PATH. */
  do(...argv: readonly string[]): Result {
    return runProgram([
      ...["unshare", "--mount", "--propagation", "private"],
      ...["sh", "-c", BECOME_USER, "sh", this.#dir, OCIRT],
      ...argv,
    ]);
  }

  /** A command on the bundle: `ocirt COMMAND --bundle BUNDLE ... c`. */
  launch(command: "create" | "run", ...flags: readonly string[]): Result {
    return this.do("ocirt", command, "--bundle", this.bundle, ...flags, "c");
  }

  /** What is left of the user's containers. */
  left(): string[] {
    const root = `${this.runtimeDir}/ocirt`;
    try {
      return Array.from(Deno.readDirSync(root)).map(({ name }) => name);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return [];
      throw cause;
    }
  }

  [Symbol.dispose](): void {
    for (const id of this.left()) this.do("ocirt", "delete", "--force", id);
  }
}
