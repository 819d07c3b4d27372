import { property, type UnitProperty } from "./property.ts";
import { type ContainerUnit, isScope } from "./unit_name.ts";

/**
 * What a container's unit is, without its limits, in runc's order.
 *
 * @param pids who is moved into it; a slice takes none
 * @param unified whether cgroup version 2 is all there is
 */
export function unitProperties(
  { unit, slice, name }: ContainerUnit,
  pids: readonly number[],
  unified: boolean,
): UnitProperty[] {
  const description = property("Description", "s", `libcontainer container ${name}`);
  const place = isScope(unit)
    ? [
      property("Slice", "s", slice),
      property("Delegate", "b", true),
      property("PIDs", "au", pids),
    ]
    : [property("Wants", "as", [slice])];
  // What is not counted from the start cannot be limited later without losing what is charged already.
  const counted = ["Memory", "CPU", unified ? "IO" : "BlockIO", "Tasks"];
  return [
    description,
    ...place,
    ...counted.map((what) => property(`${what}Accounting`, "b", true)),
    // Otherwise a shutdown stops the container before whoever manages it could.
    property("DefaultDependencies", "b", false),
  ];
}
