import type { PlanInput } from "./input.ts";
import type { Step } from "./step.ts";

/** Where the folder is mounted that holds the socket for the process's messages (sd_notify(3)), as runc has it. */
export const NOTIFY_FOLDER = "/run/notify";

/** The file of that socket; made when the container is started, so that only then somebody listens. */
export const NOTIFY_NAME = "notify.sock";

/** What tells the process of it. */
export const NOTIFY_VARIABLE = `NOTIFY_SOCKET=${NOTIFY_FOLDER}/${NOTIFY_NAME}`;

/** Shows the socket's folder, which the host half has mounted: its path is out of reach in a user namespace. */
export function notifySteps({ notify }: PlanInput): Step[] {
  if (!notify) return [];
  const label = `mount the folder of the notify socket on "${NOTIFY_FOLDER}"`;
  return [{ kind: "attachMount", fd: "notify", destination: NOTIFY_FOLDER, label, origin: "" }];
}
