import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { Pty } from "tests/support/pty.ts";
import { lacksProgram, requires } from "tests/support/requires.ts";
import { containerTest } from "tests/support/stage.ts";
import { inTempDir, inTempDirAsync } from "tests/support/temp_dir.ts";

/** Completes one line in fish, as a person's press of Tab would; `dir` has the program. */
function fish(dir: string, line: string): string[] {
  const script =
    'set -x PATH $argv[1] $PATH; ocirt completion fish | source; complete -C "$argv[2]"';
  const { code, stdout, stderr } = runProgram(["fish", "--no-config", "-c", script, dir, line]);
  assertEquals([code, stderr], [0, ""]);
  return stdout.trim().split("\n").filter((text) => text !== "");
}

/** What the shell function offers for a line that readline has split; compopt says what readline itself would do. */
function bash(dir: string, line: string): string[] {
  const words = line.split(/([=:]|\s+)/).filter((word) => word !== "" && !/^\s/.test(word));
  if (/\s$/.test(line)) words.push("");
  const script = `PATH=$1:$PATH; COMP_LINE=$2 COMP_POINT=\${#2}; shift 2
    source <(ocirt completion bash); compopt() { COMPREPLY+=("$*"); }
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _ocirt; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { code, stdout, stderr } = runProgram(["bash", "-c", script, "bash", dir, line, ...words]);
  assertEquals([code, stderr], [0, ""], line);
  return stdout.trim().split("\n").filter((text) => text !== "");
}

/** A folder with the program by its own name, for $PATH. */
function withProgram(use: (dir: string) => void): void {
  inTempDir((dir) => {
    Deno.symlinkSync(OCIRT, `${dir}/ocirt`);
    use(dir);
  });
}

Deno.test("bash completes commands, flags, values and arguments", () => {
  withProgram((dir) => {
    const cases: readonly (readonly [line: string, offered: string])[] = [
      ["ocirt ki", "kill"],
      ["ocirt --ro", "--root --rootless"],
      ["ocirt --log-format=", "text json"],
      ["ocirt --log-format j", "json"],
      ["ocirt --cgroup-manager ", "cgroupfs systemd disabled"],
      ["ocirt --root ", "-o dirnames"],
      ["ocirt --root=/t", "-o dirnames"],
      ["ocirt --log /x sta", "start state"],
      ["ocirt --systemd-cgroup sta", "start state"],
      ["ocirt run --bundle ", "-o dirnames"],
      ["ocirt run -b /tmp --pi", "--pidfd-socket --pid-file"],
      ["ocirt run --pid-file ", "-o default"],
      ["ocirt run ", ""],
      ["ocirt kill c SIGTE", "SIGTERM"],
      ["ocirt kill c US", "USR1 USR2"],
      ["ocirt kill c KILL ", ""],
      ["ocirt kill c --", ""],
      ["ocirt mounts ", "add remove list"],
      ["ocirt mounts add c ", "-o default"],
      ["ocirt list --format ", "table json"],
      ["ocirt list -f=", "table json"],
      ["ocirt help pau", "pause"],
      ["ocirt completion ", "bash fish zsh"],
      ["ocirt nothing --", ""],
    ];
    for (const [line, offered] of cases) assertEquals(bash(dir, line).join(" "), offered, line);
    assert(bash(dir, "ocirt sandbox --rw /x -- bas").includes("bash"), "commands of the host");
  });
});

containerTest("shells complete the containers of the state root that was typed", (stage) => {
  const [one, two] = [stage.container(), stage.container()].map((made) => made.create().id);
  const dir = `${stage.dir}/a bin`;
  Deno.mkdirSync(dir);
  Deno.symlinkSync(OCIRT, `${dir}/ocirt`);
  assertEquals(bash(dir, `ocirt --root ${stage.root} kill `), [one, two]);
  assertEquals(bash(dir, `ocirt --root=${stage.root} delete --force `), [one, two]);
  assertEquals(bash(dir, `ocirt -root "${stage.root}" mounts list `), [one, two]);
  assertEquals(bash(dir, `ocirt --root /nothing/here kill `), []);
  if (lacksProgram("fish", "apt-get install fish")) return;
  assertEquals(fish(dir, `ocirt --root ${stage.root} kill `), [one, two]);
  assertEquals(fish(dir, `ocirt --root=${stage.root} exec --tty `), [one, two]);
});

Deno.test("a link of another name completes itself", () => {
  inTempDir((dir) => {
    Deno.symlinkSync(OCIRT, `${dir}/runc-1.2`);
    const { stdout } = runProgram([`${dir}/runc-1.2`, "completion", "bash"]);
    assertStringIncludes(stdout, "\ncomplete -F _runc_1_2 runc-1.2\n");
    for (const shell of ["bash", "fish", "zsh"]) {
      assert(!/ocirt/.test(runProgram([`${dir}/runc-1.2`, "completion", shell]).stdout), shell);
    }
  });
});

Deno.test("an unknown shell is told which are known", () => {
  assertMatch(
    messageOf(runProgram([OCIRT, "completion", "tcsh"])),
    /^Cannot complete for shell "tcsh": it is not one of bash, fish, zsh$/,
  );
});

Deno.test({
  name: "fish completes commands, flags and values, with their help",
  ignore: requires("fish"),
  fn(): void {
    withProgram((dir) => {
      assertMatch(fish(dir, "ocirt ki").join(), /^kill\tsend a signal/);
      assertMatch(fish(dir, "ocirt kill --reg").join(), /^--regex\tthe id is a regular/);
      assertEquals(fish(dir, "ocirt --log-format j").map((text) => text.split("\t")[0]), ["json"]);
      assertEquals(fish(dir, "ocirt kill c SIGTE"), ["SIGTERM"]);
      assertEquals(fish(dir, "ocirt kill c --"), []);
      assertEquals(fish(dir, "ocirt run "), []);
      assertMatch(fish(dir, `ocirt run --bundle ${dir.slice(0, 3)}`).join(), /^\/tmp\/\t/);
      assertEquals(fish(dir, `ocirt mounts add c ${dir}/oc`), [`${dir}/ocirt`]);
      assertEquals(fish(dir, `ocirt sandbox --net -- ls ${dir}/oc`), [`${dir}/ocirt`]);
    });
  },
});

/** Presses Tab in an interactive shell, and waits for what it makes of the line. */
async function pressTab(
  argv: readonly string[],
  setUp: (dir: string) => string,
  lines: readonly (readonly [typed: string, shown: RegExp])[],
): Promise<void> {
  await inTempDirAsync(async (dir) => {
    Deno.symlinkSync(OCIRT, `${dir}/ocirt`);
    Deno.mkdirSync(`${dir}/some bundle`);
    using pty = new Pty({ rows: 24, columns: 200 });
    pty.start(argv, { cwd: dir });
    pty.type(`PS1=; PATH=${dir}:$PATH; ${setUp(dir)}; echo rea""dy\r`);
    await pty.waitFor(/ready/);
    for (const [typed, shown] of lines) {
      pty.type(`${typed}\t`);
      await pty.waitFor(shown);
      // Kills the line, and shows that the shell is done with it.
      pty.type('\x15echo do""ne\r');
      await pty.waitFor(/done/);
    }
    pty.type("exit\r");
    await pty.end();
  });
}

Deno.test("bash at a terminal finishes words, paths with blanks and behind = too", () =>
  pressTab(
    ["bash", "--norc", "--noprofile"],
    () => "source <(ocirt completion bash)",
    [
      ["ocirt kil", /kill $/],
      ["ocirt run --bundle some", /some\\ bundle\/$/],
      ["ocirt run --bundle=./so", /--bundle=\.\/some\\ bundle\/$/],
      ["ocirt --log-format=j", /--log-format=json $/],
    ],
  ));

Deno.test({
  name: "zsh at a terminal finishes words and shows what flags are for",
  ignore: requires("zsh"),
  fn: () =>
    pressTab(
      ["zsh", "-f"],
      (dir) =>
        "unset zle_bracketed_paste; autoload -Uz compinit; " +
        `compinit -u -d ${dir}/dump; source <(ocirt completion zsh)`,
      [
        ["ocirt kil", /ocirt kill/],
        [
          "ocirt kill --",
          /--help +(?:-h +)?-- show help[^]*--regex +(?:-r +)?-- the id is a regular/,
        ],
        ["ocirt run --bundle some", /some\\ bundle/],
        ["ocirt --log-format=j", /--log-format=json/],
        ["ocirt kill c SIGTE", /SIGTERM/],
      ],
    ),
});
