import { type Fd, fd } from "syscalls/abi/brand.ts";
import {
  BPF,
  BPF_CGROUP_DEVICE,
  BPF_F_ALLOW_MULTI,
  BPF_PROG_TYPE_CGROUP_DEVICE,
  bpfProgAttach,
  bpfProgLoad,
} from "syscalls/abi/bpf.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/** Bytes of one instruction of `struct bpf_insn`. */
const INSTRUCTION_SIZE = 8;

/**
 * Gives a version 2 cgroup a program that decides which devices may be used in it. The program lives as long as the cgroup.
 *
 * @param cgroup the cgroup's folder, opened
 * @throws {SyscallError} EPERM without CAP_SYS_ADMIN; EINVAL when the kernel refuses the program
 */
export function attachDeviceProgram(cgroup: Fd, program: Uint8Array<ArrayBuffer>): void {
  using loaded = loadDeviceProgram(program);
  using arena = new Arena();
  const attributes = bpfProgAttach.encode({
    target_fd: cgroup,
    attach_bpf_fd: loaded.fd,
    attach_type: BPF_CGROUP_DEVICE,
    attach_flags: BPF_F_ALLOW_MULTI,
  });
  const attempt = { verb: "attach", object: "device program to cgroup" };
  call(attempt, "bpf", BPF.BPF_PROG_ATTACH, arena.bytes(attributes), attributes.length);
}

function loadDeviceProgram(program: Uint8Array<ArrayBuffer>): OwnedFd {
  using arena = new Arena();
  const attributes = bpfProgLoad.encode({
    prog_type: BPF_PROG_TYPE_CGROUP_DEVICE,
    insn_cnt: program.length / INSTRUCTION_SIZE,
    insns: BigInt(arena.bytes(program)),
    license: BigInt(arena.cString("Apache-2.0")),
  });
  const attempt = { verb: "load", object: "device program" };
  return new OwnedFd(
    fd(call(attempt, "bpf", BPF.BPF_PROG_LOAD, arena.bytes(attributes), attributes.length)),
  );
}
