import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  blockDevice,
  checkKnob,
  controllerPlace,
  fileOfNewCgroup,
  readText,
  weightFile,
} from "tests/support/limit_files.ts";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const MIB = 2 ** 20;

function limited(stage: Stage, blockIO: object): Container {
  return stage.container((config) => config.linux["resources"] = { blockIO }).create();
}

containerTest("block IO is throttled by device", (stage) => {
  const device = blockDevice();
  assert(device !== null);
  const [major, minor] = device.split(":").map(Number);
  const [file, newer] = ["blkio/blkio.throttle", "io/io.max"] as const;
  const entry = (rate: number): object[] => [{ major, minor, rate }];
  const c = limited(stage, {
    throttleReadBpsDevice: entry(MIB),
    throttleWriteBpsDevice: entry(2 * MIB),
    throttleReadIOPSDevice: entry(30),
    throttleWriteIOPSDevice: entry(40),
  });
  checkKnob(stage, c, {
    v1: [`${file}.read_bps_device`, `${device} ${MIB}`],
    v2: [newer, `${device} rbps=${MIB} wbps=${2 * MIB} riops=30 wiops=40`],
  });
  checkKnob(stage, c, { v1: [`${file}.write_bps_device`, `${device} ${2 * MIB}`] });
  checkKnob(stage, c, { v1: [`${file}.read_iops_device`, `${device} 30`] });
  checkKnob(stage, c, { v1: [`${file}.write_iops_device`, `${device} 40`] });
}, "block device");

/** What a weight's file says, of the container's cgroup. */
function weightIn(stage: Stage, container: Container, file: string): string {
  const place = controllerPlace("blkio") ?? controllerPlace("io");
  return readText(`${place?.dirOf(stage, container)}/${file}`)?.trim() ?? "";
}

containerTest("block IO is weighed, and update changes the weight", (stage) => {
  const file = weightFile() ?? "";
  const expected = (weight: number, newer: number): RegExp => {
    const text = file === "io.weight" ? newer : weight;
    return new RegExp(`^(default )?${text}$`);
  };
  const c = limited(stage, { weight: 300 });
  assert(expected(300, 2930).test(weightIn(stage, c, file)), weightIn(stage, c, file));
  assertEquals(c.do("update", "--blkio-weight", "500").code, 0);
  assert(expected(500, 4950).test(weightIn(stage, c, file)), weightIn(stage, c, file));
}, "block IO weights");

containerTest("a weight that is refused is told with the file that this host has", (stage) => {
  const c = limited(stage, { weight: 300 });
  const result = c.do("update", "--blkio-weight", "2000");
  assertEquals(result.code, 1);
  const [, file] = /^Cannot write ".*" to ".*\/([^/]*)"/.exec(messageOf(result)) ?? [];
  assertEquals(file, weightFile());
  assertMatch(messageOf(result), /\(\/blockIO\/weight\): (?:ERANGE|EINVAL) /);
}, "block IO weights");

containerTest(
  "a weight for leaves alone is set, or refused: kernels since 5.0 have none",
  (stage) => {
    const file = fileOfNewCgroup("blkio", ["blkio.leaf_weight"]);
    const c = stage.container((config) =>
      config.linux["resources"] = { blockIO: { leafWeight: 300 } }
    );
    if (file !== null) {
      checkKnob(stage, c.create(), { v1: [`blkio/${file}`, "300"] });
      return;
    }
    const result = c.launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), /\/linux\/resources\/blockIO\/leafWeight/);
    assertEquals(stage.cgroups(), []);
  },
);

/** A device of the test's own, whose I/O scheduler is BFQ; the others weigh no single device. */
class BfqDevice implements Disposable {
  readonly numbers: string;
  readonly #path: string;

  constructor(stage: Stage) {
    const image = `${stage.dir}/disk`;
    Deno.writeTextFileSync(image, "");
    Deno.truncateSync(image, MIB);
    const { code, stdout, stderr } = runProgram(["losetup", "--find", "--show", image]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    this.#path = stdout.trim();
    const name = this.#path.slice("/dev/".length);
    Deno.writeTextFileSync(`/sys/block/${name}/queue/scheduler`, "bfq");
    this.numbers = readText(`/sys/block/${name}/dev`)?.trim() ?? "";
  }

  [Symbol.dispose](): void {
    runProgram(["losetup", "--detach", this.#path]);
  }
}

containerTest(
  "block IO is weighed by device, and what stays is the weight of all others",
  (stage) => {
    using device = new BfqDevice(stage);
    const [major, minor] = device.numbers.split(":").map(Number);
    const c = limited(stage, { weight: 200, weightDevice: [{ major, minor, weight: 444 }] });
    const [one, two] = ["default 200", `${device.numbers} 444`];
    const file = weightFile() ?? "";
    const place = controllerPlace("blkio") ?? controllerPlace("io");
    const text = place?.version === 1
      ? weightIn(stage, c, `${file}_device`)
      : weightIn(stage, c, file);
    assertEquals(text, `${one}\n${two}`);
  },
  "BFQ",
);
