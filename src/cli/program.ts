import { Command, CommanderError } from 'commander';
import { ERRORS, type ErrorCode, MenshenError, messageOf, softwareVersion } from '../common/index.ts';
import { COMMANDS } from './commands.ts';

/** Exit codes: 1 the command failed, 2 it was called or configured wrongly, 70 (EX_SOFTWARE) a fault in Menshen. */
const EXIT = { ok: 0, failed: 1, usage: 2, internal: 70 } as const;
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'CONFIG_UNREADABLE',
  'CONFIG_SYNTAX',
  'CONFIG_INVALID',
  'SECRET_UNREADABLE',
]);

/** Runs one command line (without node and script) and resolves with the exit code; errors are printed on stderr. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('menshen')
    .description('Access control by face recognition at a door, a turnstile or an attendance terminal.')
    .version(softwareVersion(), '-V, --version', 'print the version')
    .option('--debug', 'print stack traces of unexpected errors')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'menshen: USAGE: ')) });
  try {
    await addCommands(program, args);
    if (args.length === 0) program.help();
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, program.opts().debug === true);
  }
}

/** The exit code of a command that failed with this error. */
export function exitCodeOf(code: ErrorCode): number {
  if (code === 'INTERNAL') return EXIT.internal;
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}

async function addCommands(program: Command, args: readonly string[]): Promise<void> {
  const words = args.filter((argument) => !argument.startsWith('-'));
  const wanted = words[0] === 'help' ? words[1] : words[0];
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    if (name === wanted) {
      const command = await load();
      adopt(command, program);
      program.addCommand(command);
    } else {
      program.command(name).description(summary);
    }
  }
}

/** Gives a command built elsewhere, and those below it, the program's way of failing. */
function adopt(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) adopt(child, command);
}

function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed help, version or what was wrong.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof MenshenError) {
    console.error(`menshen: ${error.code}: ${error.message}\n${ERRORS[error.code]}`);
    if (debug) console.error(error.stack);
    return exitCodeOf(error.code);
  }
  console.error(`menshen: INTERNAL: ${messageOf(error)}\n${ERRORS.INTERNAL}`);
  if (debug) console.error(error instanceof Error ? error.stack : error);
  else console.error('Run it again with `menshen --debug …` to see where.');
  return EXIT.internal;
}
