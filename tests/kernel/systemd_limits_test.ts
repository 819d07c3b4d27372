import { assertEquals } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { runProgram } from "tests/support/ocirt.ts";
import { lacksSystemd, requires } from "tests/support/requires.ts";
import { Stage } from "tests/support/stage.ts";

const SKIPPED = lacksSystemd() || hostLayout().kind !== "v2" || requires("root", "busybox");

function show(unit: string, ...properties: readonly string[]): string[] {
  const { stdout } = runProgram(["systemctl", "show", unit, "-p", properties.join()]);
  return stdout.trimEnd().split("\n").sort();
}

Deno.test({
  name:
    "limits are known to systemd and in force, at first and after an update, whatever it reloads",
  ignore: SKIPPED,
  fn(): void {
    using stage = new Stage();
    const name = stage.cgroup.slice(stage.cgroup.lastIndexOf("-") + 1);
    const unit = `ocirt_test-${name}.scope`;
    const c = stage.container((config) => {
      config.process.args = ["sleep", "1000"];
      config.linux["cgroupsPath"] = `:ocirt_test:${name}`;
      config.linux["resources"] = {
        memory: { limit: 64 << 20 },
        cpu: { shares: 512, quota: 50_000, period: 100_000 },
        pids: { limit: 20 },
      };
    });
    const launched = stage.ocirt(["--systemd-cgroup", "run", "-d", "-b", c.bundle, c.id]);
    assertEquals(launched, { code: 0, stdout: "", stderr: "" });
    const known = (): string[] =>
      show(unit, "MemoryMax", "CPUWeight", "CPUQuotaPerSecUSec", "TasksMax");
    const written = (): string[] =>
      ["memory.max", "cpu.weight", "cpu.max", "pids.max"].map((file) =>
        Deno.readTextFileSync(`/sys/fs/cgroup/system.slice/${unit}/${file}`).trimEnd()
      );
    const both = (): readonly string[][] => {
      runProgram(["systemctl", "daemon-reload"]);
      return [known(), written()];
    };
    assertEquals(both(), [
      ["CPUQuotaPerSecUSec=500ms", "CPUWeight=59", "MemoryMax=67108864", "TasksMax=20"],
      ["67108864", "59", "50000 100000", "20"],
    ]);
    const update = stage.ocirt(["update", "--pids-limit", "30", "--cpu-share", "1024", c.id]);
    assertEquals(update, { code: 0, stdout: "", stderr: "" });
    assertEquals(both(), [
      ["CPUQuotaPerSecUSec=500ms", "CPUWeight=100", "MemoryMax=67108864", "TasksMax=30"],
      ["67108864", "100", "50000 100000", "30"],
    ]);
  },
});
