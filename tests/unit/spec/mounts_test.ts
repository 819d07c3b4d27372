import { assertEquals } from "@std/assert";
import type { ValidMount } from "runtime/spec/valid.ts";
import { CONTEXT, FACTS, problemsWith, validWith } from "tests/support/spec_fixtures.ts";

type MountDraft = Record<string, unknown>;

function validMount(mount: MountDraft, userNamespace = false): ValidMount {
  const spec = validWith((config) => {
    config.mounts = [mount];
    if (!userNamespace) return;
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 10 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 2000, size: 10 }];
  });
  return spec.mounts[0] as ValidMount;
}

function mountProblems(mount: MountDraft, context = CONTEXT): string[] {
  return problemsWith((config) => config.mounts = [mount], context);
}

const TMPFS = { destination: "/t", type: "tmpfs", source: "tmpfs" };
const BIND = { destination: "/b", type: "none", source: "/srv" };

Deno.test("of two mount options on the same flag the later one counts", () => {
  const { set, clear } = validMount({
    ...TMPFS,
    options: ["ro", "rw", "suid", "nosuid", "noexec", "noexec", "defaults"],
  });
  assertEquals([set, clear], [["MS_NOSUID", "MS_NOEXEC"], ["MS_RDONLY"]]);
});

Deno.test("a word of data may hold several options, but for numbers and quotes", () => {
  const options = ["size=1m,mode=700,", "mpol=bind:0,2,nr_inodes=5", 'context="a:b:c0,c1"'];
  assertEquals(validMount({ ...TMPFS, options }).data, [
    "size=1m",
    "mode=700",
    "mpol=bind:0,2",
    "nr_inodes=5",
    'context="a:b:c0,c1"',
  ]);
});

Deno.test("unknown mount options are data for the file system, in their order", () => {
  const options = ["size=64k", "nosuid", "mode=755", "", "toString"];
  assertEquals(validMount({ ...TMPFS, options }).data, ["size=64k", "mode=755", "toString"]);
});

Deno.test("bind and rbind together are one recursive bind of type bind", () => {
  for (const options of [["bind", "rbind"], ["rbind", "bind"], ["rbind"]]) {
    const { bind, type } = validMount({ ...BIND, options });
    assertEquals([bind, type], ["recursive", "bind"], options.join());
  }
  assertEquals(validMount({ ...BIND, options: ["bind"] }).bind, "single");
  assertEquals(validMount({ ...BIND, type: "bind" }).bind, "single");
});

Deno.test("propagation options are kept in the order given", () => {
  const { propagation } = validMount({ ...BIND, options: ["rbind", "rslave", "shared"] });
  assertEquals(propagation, ["rslave", "shared"]);
});

Deno.test("recursive access times replace each other and clear the whole field", () => {
  const recursive = (...options: string[]): ValidMount["recursive"] =>
    validMount({ ...BIND, options: ["rbind", ...options] }).recursive;
  assertEquals(recursive("rro", "rnoatime", "rstrictatime"), {
    set: ["MOUNT_ATTR_RDONLY", "MOUNT_ATTR_STRICTATIME"],
    clear: ["MOUNT_ATTR__ATIME"],
  });
  assertEquals(recursive("rnoatime", "ratime"), { set: [], clear: ["MOUNT_ATTR__ATIME"] });
  assertEquals(recursive("rro", "rrw", "rnodev"), {
    set: ["MOUNT_ATTR_NODEV"],
    clear: ["MOUNT_ATTR_RDONLY"],
  });
});

Deno.test("the source of a bind mount is taken from the bundle, any other as it is", () => {
  assertEquals(validMount({ ...BIND, source: ".", options: ["bind"] }).source, "/bundle");
  assertEquals(validMount({ ...BIND, source: "a/../../x", options: ["bind"] }).source, "/x");
  assertEquals(validMount({ ...TMPFS, source: "shm" }).source, "shm");
  assertEquals(validMount({ destination: "/t", type: "tmpfs" }).source, "none");
});

Deno.test("mount destinations are cleaned, relative ones with a warning", () => {
  assertEquals(validMount({ ...TMPFS, destination: "/a/./b//../c/" }).destination, "/a/c");
  const spec = validWith((config) => config.mounts = [{ ...TMPFS, destination: "a/../b" }]);
  assertEquals(spec.mounts[0]?.destination, "/b");
  assertEquals(spec.warnings, [
    '/mounts/0/destination: "a/../b" is relative, which is deprecated; it is taken as /b',
  ]);
});

Deno.test("a destination below the root's path on the host is one below the root", () => {
  const destination = "/bundle/rootfs/mnt/x";
  assertEquals(validMount({ ...TMPFS, destination }).destination, "/mnt/x");
  assertEquals(
    validMount({ ...TMPFS, destination: "/bundle/rootfs2/x" }).destination,
    "/bundle/rootfs2/x",
  );
  assertEquals(mountProblems({ ...TMPFS, destination: "/bundle/rootfs/proc/x" }), [
    '/mounts/0/destination: "/proc/x" cannot be mounted because it is inside /proc',
  ]);
});

Deno.test("a mount on top of the root filesystem is refused, but for a remount", () => {
  assertEquals(mountProblems({ ...TMPFS, destination: "/bundle/rootfs/" }), [
    '/mounts/0/destination: mountpoint "/bundle/rootfs/" is on the top of rootfs "/bundle/rootfs"',
  ]);
  assertEquals(mountProblems({ ...TMPFS, destination: "/a/.." }), [
    '/mounts/0/destination: mountpoint "/a/.." is on the top of rootfs "/bundle/rootfs"',
  ]);
  assertEquals(mountProblems({ destination: "/", options: ["remount", "ro"] }), []);
});

Deno.test("a bind mount with options for a file system is refused", () => {
  assertEquals(mountProblems({ ...BIND, options: ["bind", "size=5", "x"] }), [
    '/mounts/0/options: bind mounts cannot have any filesystem-specific options applied: "size=5,x"',
  ]);
});

Deno.test("a mount without what it needs is refused", () => {
  assertEquals(mountProblems({ destination: "/b", options: ["rbind"] }), [
    "/mounts/0/source: is missing; a bind mount requires one",
  ]);
  assertEquals(mountProblems({ destination: "/b", source: "x", options: ["ro"] }), [
    "/mounts/0/type: is missing; a mount that is neither a bind mount nor a remount requires a file system",
  ]);
  assertEquals(mountProblems({ destination: "", type: "tmpfs" }), [
    "/mounts/0/destination: must not be empty",
  ]);
});

Deno.test("an id-mapped mount takes its own mappings, else those of the container", () => {
  const own = [{ containerID: 0, hostID: 5, size: 1 }];
  const mapped = validMount({ ...BIND, options: ["rbind"], uidMappings: own, gidMappings: own });
  assertEquals([mapped.idmap, mapped.uidMappings], ["single", own]);
  const shared = validMount({ ...BIND, options: ["rbind", "ridmap"] }, true);
  assertEquals([shared.idmap, shared.uidMappings[0]?.hostID, shared.gidMappings[0]?.hostID], [
    "recursive",
    1000,
    2000,
  ]);
});

Deno.test("crun's idmap option gives mappings, with @ relative to the container's", () => {
  const options = ["bind", "idmap=uids=0-1-10#10-11-10;gids=@1-3-2"];
  const { idmap, uidMappings, gidMappings, data } = validMount({ ...BIND, options }, true);
  assertEquals(uidMappings, [
    { containerID: 0, hostID: 1, size: 10 },
    { containerID: 10, hostID: 11, size: 10 },
  ]);
  assertEquals(gidMappings, [{ containerID: 1, hostID: 2003, size: 2 }]);
  assertEquals([idmap, data], ["single", []]);
  assertEquals(mountProblems({ ...BIND, options: ["bind", "idmap=uids=1-2;gids=0-0-1"] }), [
    '/mounts/0/options/1: "1-2" is not of the form FIRST-HOST-SIZE',
    "/mounts/0: id-mapped mounts must have both uid and gid mappings specified where the container has no user namespace",
  ]);
});

Deno.test("an id-mapped mount that cannot be is refused", () => {
  const map = [{ containerID: 0, hostID: 5, size: 1 }];
  assertEquals(mountProblems({ ...TMPFS, uidMappings: map, gidMappings: map }), [
    "/mounts/0: id-mapped mounts are only supported for bind-mounts",
  ]);
  assertEquals(mountProblems({ ...BIND, options: ["bind"], uidMappings: map }), [
    "/mounts/0/gidMappings: is missing; id-mapped mounts must have both uid and gid mappings specified",
  ]);
  assertEquals(mountProblems({ ...BIND, options: ["bind", "idmap"] }), [
    "/mounts/0: id-mapped mounts must have both uid and gid mappings specified where the container has no user namespace",
  ]);
  const rootless = { ...CONTEXT, facts: { ...FACTS, euid: 1000 } };
  const mount = { ...BIND, options: ["bind"], uidMappings: map, gidMappings: map };
  assertEquals(mountProblems(mount, rootless), [
    "/linux/namespaces: rootless container requires user namespaces",
    "/mounts/0: id-mapped mounts are not supported for rootless containers",
  ]);
});
