import { assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** Lists the keyrings that the process can see; /proc/keys is masked in the template. */
const listing: Edit = (config) => {
  config.linux.maskedPaths = [];
  config.process.args = ["cat", "/proc/keys"];
};

/** Runs a container by an id that no other test has, and gives the line of its session keyring. */
function keyringOf(stage: Stage, edit: Edit, ...flags: readonly string[]): string | undefined {
  const { bundle } = stage.container((config) => {
    listing(config);
    edit(config);
  });
  const id = `keys${bundle.replaceAll(/\W/g, "-")}`;
  const { code, stdout, stderr } = stage.ocirt(["run", "--bundle", bundle, ...flags, id]);
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").find((line) => line.includes(` _ses.${id}: `));
}

containerTest(
  "the process has a session keyring of the container's own, as runc makes it",
  (stage) => {
    assertMatch(keyringOf(stage, () => {}) ?? "", /^\S+ +\S+ +\d+ +perm 3f1b0000 +0 +0 +keyring /);
  },
);

containerTest("in a user namespace any user may search the keyring", (stage) => {
  const line = keyringOf(stage, (config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux["uidMappings"] = [{ containerID: 0, hostID: 0, size: 65536 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: 0, size: 65536 }];
  });
  assertMatch(line ?? "", / perm 3f130008 +0 +0 +keyring /);
});

containerTest("--no-new-keyring leaves the caller's session keyring", (stage) => {
  assertEquals(keyringOf(stage, () => {}, "--no-new-keyring"), undefined);
});
