/**
 * A root filesystem with Debian's container clients, made without installing anything: packages of one Debian release are
 * fetched by an apt with a state of its own, and unpacked without their scripts.
 */
import { findProgram } from "./find_program.ts";

/** The release whose clients the tests run, unless OCIRT_CLIENT_RELEASE names another. */
const RELEASE = Deno.env.get("OCIRT_CLIENT_RELEASE") ?? "trixie";
const MIRROR = "http://deb.debian.org/debian";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const CLIENTS = ["buildah", "containerd", "docker.io", "docker-buildx", "podman"];
/** What clients call, and what a machine cannot do without. */
const COMPANY = [
  ..."aardvark-dns base-files base-passwd bash busybox-static catatonit conmon coreutils criu dash"
    .split(" "),
  ..."findutils fuse-overlayfs grep gzip iproute2 iptables netavark nftables passt procps runc sed slirp4netns tar tini uidmap util-linux"
    .split(" "),
];
/** In releases of which it is not a part of docker.io. */
const DOCKER_CLI = RELEASE === "bookworm" ? [] : ["docker-cli"];

const LINKED_TO_USR = ["bin", "lib", "lib64", "sbin"];

/** Why no such root filesystem can be made here; null when it can. */
export function cannotMakeClientRoot(): string | null {
  const missing = ["apt-get", "dpkg-deb", "tar"].filter((program) => findProgram(program) === null);
  if (missing.length > 0) {
    return `Cannot run ${missing.join(", ")}: ENOENT (No such file or directory)`;
  }
  return Deno.uid() === 0 ? null : "Cannot unpack files of root: EPERM (Operation not permitted)";
}

/** Makes the root filesystem in `dir/root` of an empty folder. @throws {Error} with what apt or tar said */
export function makeClientRoot(dir: string): string {
  const root = `${dir}/root`;
  const archives = fetchPackages(`${dir}/apt`);
  for (const name of LINKED_TO_USR) {
    Deno.mkdirSync(`${root}/usr/${name}`, { recursive: true });
    Deno.symlinkSync(`usr/${name}`, `${root}/${name}`);
  }
  for (const archive of archives) unpack(archive, root);
  Deno.removeSync(`${dir}/apt`, { recursive: true });
  finish(root);
  return root;
}

/** @returns the paths of the packages and of all that they depend on */
function fetchPackages(dir: string): string[] {
  for (
    const folder of [
      "state/lists/partial",
      "cache/archives/partial",
      "etc/apt.conf.d",
      "etc/preferences.d",
    ]
  ) {
    Deno.mkdirSync(`${dir}/${folder}`, { recursive: true });
  }
  Deno.writeTextFileSync(`${dir}/state/status`, "");
  Deno.writeTextFileSync(
    `${dir}/etc/sources.list`,
    `deb [signed-by=${KEYRING}] ${MIRROR} ${RELEASE} main\n`,
  );
  const settings = {
    "Dir::State": `${dir}/state`,
    "Dir::State::status": `${dir}/state/status`,
    "Dir::Cache": `${dir}/cache`,
    "Dir::Etc": `${dir}/etc`,
    "APT::Install-Recommends": "false",
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Debug::NoLocking": "true",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  Deno.writeTextFileSync(`${dir}/apt.conf`, lines.join(""));
  const env = { APT_CONFIG: `${dir}/apt.conf`, DEBIAN_FRONTEND: "noninteractive" };
  complete("apt-get", ["-q", "update"], env);
  complete("apt-get", [
    "-q",
    "-y",
    "--download-only",
    "install",
    ...CLIENTS,
    ...DOCKER_CLI,
    ...COMPANY,
  ], env);
  const archives = `${dir}/cache/archives`;
  return Array.from(Deno.readDirSync(archives), ({ name }) => `${archives}/${name}`)
    .filter((path) => path.endsWith(".deb"));
}

/** dpkg's own --extract would put a folder in the place of a link like /bin. */
function unpack(archive: string, root: string): void {
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink';
  complete("bash", ["-o", "pipefail", "-c", script, "bash", archive, root], {});
}

/** What the scripts of the packages would have made. */
function finish(root: string): void {
  const base = `${root}/usr/share/base-passwd`;
  Deno.copyFileSync(`${base}/passwd.master`, `${root}/etc/passwd`);
  Deno.copyFileSync(`${base}/group.master`, `${root}/etc/group`);
  linkWhereNothingIs("/run", `${root}/var/run`);
  for (const family of ["iptables", "ip6tables"]) {
    for (const name of [family, `${family}-save`, `${family}-restore`]) {
      linkWhereNothingIs("xtables-nft-multi", `${root}/usr/sbin/${name}`);
    }
  }
  Deno.writeTextFileSync(`${root}/etc/hosts`, "127.0.0.1 localhost\n");
  Deno.writeTextFileSync(`${root}/etc/resolv.conf`, "");
}

/** Some releases have the link in a package. */
function linkWhereNothingIs(target: string, path: string): void {
  try {
    Deno.symlinkSync(target, path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
  }
}

function complete(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): void {
  const command = new Deno.Command(program, { args: [...args], env: { ...env }, stdin: "null" });
  const { success, stderr } = command.outputSync();
  if (success) return;
  throw new Error(
    `Cannot run ${program} ${args.slice(0, 3).join(" ")}: ${
      new TextDecoder().decode(stderr).trim()
    }`,
  );
}
