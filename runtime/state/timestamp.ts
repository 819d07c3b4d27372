import type { Moment } from "syscalls/libc/clock.ts";

const DAY = 86_400;

/** A moment as RFC 3339 has it, in UTC with nanoseconds: `2026-01-02T03:04:05.678901234Z`. */
export function rfc3339({ seconds, nanoseconds }: Moment): string {
  const days = Math.floor(seconds / DAY);
  const second = seconds - days * DAY;
  const minute = Math.floor(second / 60);
  const time = `${two(Math.floor(minute / 60))}:${two(minute % 60)}:${two(second % 60)}`;
  return `${date(days)}T${time}.${String(nanoseconds).padStart(9, "0")}Z`;
}

/**
 * The date so many days after 1970-01-01 (the engine's Date reads its tables of time zones for that). Years are counted from March,
 * so that the leap day is the last of its year, and in eras of 400 years, which are all of the same length.
 */
function date(days: number): string {
  const sinceMarch0 = days + 719_468;
  const era = Math.floor(sinceMarch0 / 146_097);
  const day = sinceMarch0 - era * 146_097;
  const leapDays = Math.floor(day / 1460) - Math.floor(day / 36_524) + Math.floor(day / 146_096);
  const year = Math.floor((day - leapDays) / 365);
  const dayOfYear = day - 365 * year - Math.floor(year / 4) + Math.floor(year / 100);
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  return `${era * 400 + year + (month <= 2 ? 1 : 0)}-${two(month)}-${two(dayOfMonth)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
