import { assertEquals, assertMatch } from "@std/assert";
import { checkKnob, controllerPlace, readText } from "tests/support/limit_files.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const NETWORK = { classID: 0x10_0001, priorities: [{ name: "lo", priority: 7 }] };

function tagged(stage: Stage): Container {
  return stage.container((config) => config.linux["resources"] = { network: NETWORK });
}

containerTest(
  "a container's packets have its class and priorities",
  (stage) => {
    const c = tagged(stage).create();
    checkKnob(stage, c, { v1: ["net_cls/net_cls.classid", String(NETWORK.classID)] });
    const place = controllerPlace("net_prio");
    assertMatch(readText(`${place?.dirOf(stage, c)}/net_prio.ifpriomap`) ?? "", /^lo 7$/m);
  },
  "cgroup1:net_cls",
  "cgroup1:net_prio",
);

/** A tree whose last cgroup is not quite gone at its unmounting stays with the kernel; it goes at the next one. */
function freesTree(folder: string): Disposable {
  const isFree = (): boolean => /^net_cls\t0\t/m.test(readText("/proc/cgroups") ?? "");
  const again =
    `mount -t cgroup -o net_cls,net_prio network ${folder} && umount ${folder}; sleep 0.5`;
  return {
    [Symbol.dispose](): void {
      for (let tries = 0; !isFree() && tries < 20; tries++) {
        runProgram(["unshare", "-m", "--propagation", "private", "sh", "-c", again]);
      }
    },
  };
}

containerTest("a tree that the caller has mounted apart is found, and left empty", (stage) => {
  const c = tagged(stage);
  const tree = `${stage.dir}/net`;
  Deno.mkdirSync(tree);
  const dir = `${tree}${stage.cgroup}/${c.id}`;
  const lines = [
    `mount -t cgroup -o net_cls,net_prio network ${tree}`,
    `${OCIRT} --root ${stage.root} create --bundle ${c.bundle} ${c.id}`,
    `cat ${dir}/net_cls.classid`,
    `grep lo ${dir}/net_prio.ifpriomap`,
    `${OCIRT} --root ${stage.root} delete ${c.id}`,
    `ls -d ${tree}${stage.cgroup} 2>/dev/null || echo gone`,
  ];
  using _free = freesTree(tree);
  const script = ["sh", "-ec", lines.join("\n")];
  assertEquals(runProgram(["unshare", "-m", "--propagation", "private", ...script]), {
    code: 0,
    stdout: `${NETWORK.classID}\nlo 7\ngone\n`,
    stderr: "",
  });
}, "net_cls unmounted");

containerTest("a tree that is not mounted is told with the property that needs it", (stage) => {
  const message = messageOf(tagged(stage).launch("create"));
  assertMatch(message, /\/linux\/resources\/network\/classID: .*(not available|no such)/);
  assertMatch(message, /\/linux\/resources\/network\/priorities/);
}, "net_cls unmounted");
