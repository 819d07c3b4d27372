import { bytes, struct, u32, u64 } from "./struct.ts";

/** Commands of bpf(2) that ocirt uses (enum bpf_cmd in linux/bpf.h). */
export const BPF = { BPF_PROG_LOAD: 5, BPF_PROG_ATTACH: 8 } as const;

/** enum bpf_prog_type */
export const BPF_PROG_TYPE_CGROUP_DEVICE = 15;

/** enum bpf_attach_type */
export const BPF_CGROUP_DEVICE = 6;

/** Flag of BPF_PROG_ATTACH: other programs of the same cgroup stay, all must allow. */
export const BPF_F_ALLOW_MULTI = 2;

/** `union bpf_attr` for BPF_PROG_LOAD, up to the fields of Linux 4.15. */
export const bpfProgLoad = struct("bpf_attr", {
  prog_type: u32,
  insn_cnt: u32,
  insns: u64,
  license: u64,
  log_level: u32,
  log_size: u32,
  log_buf: u64,
  kern_version: u32,
  prog_flags: u32,
  prog_name: bytes(16),
});

/** `union bpf_attr` for BPF_PROG_ATTACH. */
export const bpfProgAttach = struct("bpf_attr", {
  target_fd: u32,
  attach_bpf_fd: u32,
  attach_type: u32,
  attach_flags: u32,
});

/** What a device program is asked (struct bpf_cgroup_dev_ctx): byte offsets of its three 32-bit fields. */
export const DEVICE_CONTEXT = { access_type: 0, major: 4, minor: 8 } as const;

/** The low half of `access_type`. */
export const BPF_DEVCG_DEV = { block: 1, char: 2 } as const;

/** The high half of `access_type`, or-ed. */
export const BPF_DEVCG_ACC = { mknod: 1, read: 2, write: 4 } as const;
