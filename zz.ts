import { startSandbox } from "tests/fuzz/sandbox.ts";
const f = Deno.makeTempDirSync();
const deno = Deno.execPath();
const dir = deno.slice(0, deno.lastIndexOf("/"));
const s = startSandbox({
  shown: [dir, Deno.cwd()],
  copied: ["/root/.cache/deno"],
  findings: f,
  command: Deno.args,
});
console.log(await s.status);
s.remove();
Deno.removeSync(f, { recursive: true });
