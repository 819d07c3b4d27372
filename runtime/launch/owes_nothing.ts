import type { Duties } from "./converse.ts";

/** The duties of a host half that owes its program none: whoever owes some puts them in their place. */
export const OWES_NOTHING: Duties = {
  idMaps: neverAsked,
  place: () => {},
  limits: neverAsked,
  copyUp: neverAsked,
  placeDirectory: neverAsked,
  placeFile: neverAsked,
  inheritMode: neverAsked,
  terminal: neverAsked,
  hooks: neverAsked,
  delegate: neverAsked,
  idmap: neverAsked,
  listener: neverAsked,
  warn: () => {},
  meanwhile: () => {},
};

function neverAsked(): never {
  throw new RangeError("Cannot answer the program: it is owed nothing of that kind");
}
