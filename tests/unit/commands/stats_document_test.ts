import { assertEquals } from "@std/assert";
import { collectStats } from "runtime/cgroups/stats/collect.ts";
import { render } from "runtime/cli/render.ts";
import { statsDocument } from "runtime/commands/stats_document.ts";
import { statFiles } from "tests/support/stat_files.ts";

type Texts = Readonly<Record<string, string>>;

function textOf(one: Texts, two: Texts): string {
  const value = statsDocument({
    ...collectStats(statFiles(one), statFiles(two)),
    resctrl: null,
  });
  return render({ kind: "json", value, indent: 0, newline: false });
}

const CPUSET = '"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,' +
  '"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,' +
  '"sched_relax_domain_level":0';
const PSI = '{"some":{"avg10":0.05,"avg60":0,"avg300":0,"total":7},' +
  '"full":{"avg10":0,"avg60":0,"avg300":0,"total":0}}';

Deno.test("a container of which nothing is known has the keys that runc always prints", () => {
  assertEquals(
    textOf({}, {}),
    `{"cpu":{},"cpuset":{${CPUSET}},"memory":{},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},` +
      '"network_interfaces":null}',
  );
});

Deno.test("version 2 has runc's keys in runc's order, with every digit", () => {
  const pressure = "some avg10=0.05 avg60=0.00 avg300=0.00 total=7\n";
  const text = textOf({}, {
    "cpu.stat": "usage_usec 3\nuser_usec 0\nsystem_usec 0\nnr_throttled 2\n",
    "cpu.pressure": pressure,
    "memory.stat": "file 9\nanon 0\n",
    "memory.current": "5\n",
    "memory.max": "max\n",
    "memory.pressure": pressure,
    "pids.current": "1\n",
    "pids.max": "9\n",
    "io.stat": "0:1 rbytes=18446744073709551615 wbytes=0\n",
    "io.pressure": pressure,
    "hugetlb.2MB.current": "0\n",
    "hugetlb.1GB.current": "4\n",
  });
  const limit = '"limit":18446744073709551615';
  assertEquals(
    text,
    '{"cpu":{"usage":{"total":3000,"kernel":0,"user":0},"throttling":{"throttledPeriods":2},' +
      `"psi":${PSI}},"cpuset":{${CPUSET}},"memory":{"cache":9,"usage":{${limit},"usage":5,` +
      `"failcnt":0},"swap":{${limit},"usage":5,"failcnt":0},"raw":{"anon":0,"file":9},` +
      `"psi":${PSI}},"pids":{"current":1,"limit":9},"blkio":{"ioServiceBytesRecursive":[` +
      '{"minor":1,"op":"Read","value":18446744073709551615},{"minor":1,"op":"Write"}],' +
      `"psi":${PSI}},"hugetlb":{"1GB":{"usage":4,"failcnt":0},"2MB":{"failcnt":0}},` +
      '"intel_rdt":{},"network_interfaces":null}',
  );
});

Deno.test("version 1 has the counters of each CPU and of every kind of memory", () => {
  const text = textOf({
    "cpuacct.usage": "0\n",
    "cpuacct.usage_percpu": "0 0 \n",
    "cpuset.cpus": "0-1\n",
    "cpuset.mems": "0\n",
    "memory.stat": "cache 0\n",
    "memory.kmem.tcp.usage_in_bytes": "0\n",
    "memory.kmem.tcp.limit_in_bytes": "9223372036854771712\n",
    "blkio.throttle.io_serviced": "8:0 Read 1\n",
  }, {});
  const cpuset = `"cpus":[0,1],${CPUSET.replace('"mem_hardwall"', '"mems":[0],"mem_hardwall"')}`;
  assertEquals(
    text,
    `{"cpu":{"usage":{"percpu":[0,0],"kernel":0,"user":0}},"cpuset":{${cpuset}},` +
      '"memory":{"kernelTCP":{"limit":9223372036854771712,"failcnt":0},"raw":{"cache":0}},' +
      '"pids":{},"blkio":{"ioServicedRecursive":[{"major":8,"op":"Read","value":1}]},' +
      '"hugetlb":{},"intel_rdt":{},"network_interfaces":null}',
  );
});
