/** Where the system's bus is, if its variable does not say otherwise (D-Bus specification, "Well-known Message Bus Instances"). */
const SYSTEM_BUS = "unix:path=/var/run/dbus/system_bus_socket";

/** Where systemd itself listens for root, bus or no bus. */
export const PRIVATE_SOCKET = "/run/systemd/private";

/** Reads one variable of the caller's environment. */
export type Variable = (name: string) => string | undefined;

/** The addresses of the system's bus. */
export function systemBusAddress(variable: Variable): string {
  return orNull(variable("DBUS_SYSTEM_BUS_ADDRESS")) ?? SYSTEM_BUS;
}

/**
 * The addresses of the caller's own bus; null where there is none to be found.
 *
 * @param exists whether there is a file of that name
 */
export function userBusAddress(
  variable: Variable,
  exists: (path: string) => boolean,
): string | null {
  const address = orNull(variable("DBUS_SESSION_BUS_ADDRESS"));
  if (address !== null) return address;
  const folder = orNull(variable("XDG_RUNTIME_DIR"));
  if (folder === null || !exists(`${folder}/bus`)) return null;
  return `unix:path=${escape(`${folder}/bus`)}`;
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

/**
 * The Unix sockets that a list of addresses names, in order; an abstract one begins with a zero byte.
 *
 * @param addresses `unix:path=/run/bus,guid=...;unix:abstract=...` (D-Bus specification, "Server Addresses")
 */
export function socketPaths(addresses: string): string[] {
  return addresses.split(";").flatMap((address) => {
    const colon = address.indexOf(":");
    if (address.slice(0, colon) !== "unix") return [];
    return address.slice(colon + 1).split(",").flatMap((pair) => {
      const equals = pair.indexOf("=");
      const value = unescape(pair.slice(equals + 1));
      switch (pair.slice(0, equals)) {
        case "path":
          return [value];
        case "abstract":
          return [`\0${value}`];
        default:
          return [];
      }
    });
  });
}

/** All but letters, digits and `-_/.\*` must be written as `%xx`. */
function escape(value: string): string {
  return [...new TextEncoder().encode(value)].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[\w/.\\*-]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function unescape(value: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < value.length; i++) {
    const hex = /^%([0-9a-fA-F]{2})/.exec(value.slice(i, i + 3))?.[1];
    if (hex === undefined) bytes.push(...new TextEncoder().encode(value[i]));
    else {
      bytes.push(parseInt(hex, 16));
      i += 2;
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
