import { Command, Help, InvalidArgumentError, Option } from 'commander';
import { FORMATS } from '../sources/detect';
import { isUtcOffset } from '../sources/times';
import { importFile, type ImportOptions } from './commands/import-file';
import { listImports, listRejections, showImport, steerImport, type OutputOptions } from './commands/imports';
import { addKeys, addMigrate } from './commands/keys';
import { EXIT, type ExitCode } from './exit';
import { packageVersion } from './invocation';
import { wholeNumber } from './number-arguments';
import { addMemoryCommands } from './program-memories';
import { serverOf, withServer, type ServerOptions } from './server-options';

const DEFAULT_IMPORTS = 50;

const EXIT_CODES = `
Exit codes: 0 done; 1 failed, or some lines were not imported; 2 wrong usage; 3 server out of reach; 130 interrupted.`;

const FIRST_STEPS = `
First steps, once the server runs:
  npx agentic-memories status
  npx agentic-memories store --user ada "My sister Lin moved to Oslo in May."
  npx agentic-memories search --user ada "Where does my sister live?"
\`npx agentic-memories help COMMAND\` says what a command takes.
`;

/** The command line; `onExit` is told what a command ended with. */
export function createProgram(onExit: (code: ExitCode) => void): Command {
  const program = new Command('agentic-memories')
    .description('Agentic Memories on the command line.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .configureHelp({ optionDescription: describeOption, visibleOptions: orderedOptions })
    .addHelpText('after', FIRST_STEPS + EXIT_CODES)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  addMemoryCommands(program, onExit);
  addImport(program, onExit);
  const imports = program.command('imports').description('See and steer imports.');
  const at = withServer;
  at(imports.command('list'))
    .description('The imports there are, the newest first.')
    .option('--limit <n>', 'how many, up to 1,000', wholeNumber, DEFAULT_IMPORTS)
    .action(async (options: ServerOptions & OutputOptions & { limit: number }) =>
      onExit(await listImports(serverOf(options), options)),
    );
  at(imports.command('show'))
    .description('How far an import is.')
    .argument('<id>', 'the import')
    .option('--follow', 'watch it until it is over; Ctrl-C stops watching, not the import', false)
    .option('--no-progress', 'show no progress')
    .action(
      async (id: string, options: ServerOptions & OutputOptions & { follow: boolean; progress: boolean }) =>
        onExit(await showImport(serverOf(options), id, options)),
    );
  for (const [verb, what] of [
    ['pause', 'Hold an import; what is stored stays.'],
    ['resume', 'Go on with a paused import.'],
    ['cancel', 'End an import; what is not indexed yet fails and can be retried.'],
  ] as const)
    at(imports.command(verb))
      .description(what)
      .argument('<id>', 'the import')
      .action(async (id: string, options: ServerOptions & OutputOptions) =>
        onExit(await steerImport(serverOf(options), verb, id, options)),
      );
  at(imports.command('rejections'))
    .description('The lines that the server refused, and why.')
    .argument('<id>', 'the import')
    .action(async (id: string, options: ServerOptions & OutputOptions) =>
      onExit(await listRejections(serverOf(options), id, options)),
    );
  addKeys(program, onExit);
  addMigrate(program, onExit);
  return program;
}

function addImport(program: Command, onExit: (code: ExitCode) => void): void {
  withServer(program.command('import'))
    .description('Import conversations from a file. Importing the same file again changes nothing.')
    .argument('<file>', 'the file, packed with gzip or not; - reads standard input')
    .addOption(
      new Option('--format <format>', 'the file’s format; found by looking if left out').choices(FORMATS),
    )
    .option('--user <id>', 'whose messages these are, where the file does not say')
    .option('--conversation <id>', 'the conversation, where the file names none')
    .option('--utc-offset <offset>', 'what times without an offset mean in CSV, such as +02:00', utcOffset)
    .option('--dry-run', 'read and check the file, send nothing', false)
    .option('--follow', 'watch until all is searchable', true)
    .option('--detach', 'return once the file is stored')
    .addOption(
      new Option('--on-error <what>', 'at a line that cannot be imported')
        .choices(['continue', 'abort'])
        .default('continue'),
    )
    .option('--no-progress', 'show no progress')
    .addHelpText('after', EXIT_CODES)
    .action(
      async (file: string, options: Omit<ImportOptions, 'follow'> & ServerOptions & { detach?: boolean }) =>
        onExit(await importFile(serverOf(options), file, { ...options, follow: !options.detach })),
    );
}

function utcOffset(text: string): string {
  if (isUtcOffset(text)) return text;
  throw new InvalidArgumentError('It must look like +02:00 or Z.');
}

/** Whether a flag is off by default goes without saying. */
function describeOption(this: Help, option: Option): string {
  const said = option.isBoolean() || option.defaultValue === '' ? withoutDefault(option) : option;
  return Help.prototype.optionDescription.call(this, said);
}

/** What a command cannot do without comes first, what every command has last. */
function orderedOptions(this: Help, command: Command): Option[] {
  const rank = ({ mandatory, long }: Option): number =>
    mandatory ? 0 : ['--database-url', '--url', '--api-key', '--json', '--help'].indexOf(long ?? '') + 2;
  return Help.prototype.visibleOptions.call(this, command).sort((a, b) => rank(a) - rank(b));
}

function withoutDefault(option: Option): Option {
  return Object.create(option, { defaultValue: { value: undefined } }) as Option;
}

/** What commander's own errors end with: help that was asked for is no error. */
export function usageExitCode(commanderExitCode: number): ExitCode {
  return commanderExitCode === 0 ? EXIT.done : EXIT.usage;
}
