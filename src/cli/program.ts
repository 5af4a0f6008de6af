import { Command, InvalidArgumentError, Option } from 'commander';
import { FORMATS } from '../sources/detect';
import { isUtcOffset } from '../sources/times';
import { importFile, type ImportOptions } from './commands/import-file';
import { listImports, listRejections, showImport, steerImport, type OutputOptions } from './commands/imports';
import { addKeys, addMigrate } from './commands/keys';
import { EXIT, type ExitCode } from './exit';
import { addMemoryCommands } from './program-memories';
import { serverOf, withServer, type ServerOptions } from './server-options';

const EXIT_CODES = `
Exit codes: 0 done; 1 failed, or some lines were not imported; 2 wrong usage; 3 server out of reach; 130 interrupted.`;

/** The command line; `onExit` is told what a command ended with. */
export function createProgram(onExit: (code: ExitCode) => void): Command {
  const program = new Command('agentic-memories')
    .description('Agentic Memories on the command line.')
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  addMemoryCommands(program, onExit);
  addImport(program, onExit);
  const imports = program.command('imports').description('See and steer imports.');
  const at = withServer;
  at(imports.command('list'))
    .description('the imports there are')
    .action(async (options: ServerOptions & OutputOptions) =>
      onExit(await listImports(serverOf(options), options)),
    );
  at(imports.command('show'))
    .description('how far an import is')
    .argument('<id>', 'the import')
    .option('--follow', 'watch it until it is over; Ctrl-C stops watching, not the import', false)
    .option('--no-progress', 'show no progress')
    .action(
      async (id: string, options: ServerOptions & OutputOptions & { follow: boolean; progress: boolean }) =>
        onExit(await showImport(serverOf(options), id, options)),
    );
  for (const [verb, what] of [
    ['pause', 'hold an import; what is stored stays'],
    ['resume', 'go on with a paused import'],
    ['cancel', 'end an import; what is not indexed yet fails and can be retried'],
  ] as const)
    at(imports.command(verb))
      .description(what)
      .argument('<id>', 'the import')
      .action(async (id: string, options: ServerOptions & OutputOptions) =>
        onExit(await steerImport(serverOf(options), verb, id, options)),
      );
  at(imports.command('rejections'))
    .description('the lines that the server refused, and why')
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

/** What commander's own errors end with: help that was asked for is no error. */
export function usageExitCode(commanderExitCode: number): ExitCode {
  return commanderExitCode === 0 ? EXIT.done : EXIT.usage;
}
