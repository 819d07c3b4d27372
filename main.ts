import { commandLine } from "runtime/cli/command_line.ts";
import { exit } from "runtime/cli/exit.ts";
import { main } from "runtime/cli/main.ts";

const { argv0, args } = commandLine();
main(argv0, args).then(exit);
