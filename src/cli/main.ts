#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ensureError } from '../domain/errors';
import { SourceError } from '../sources/entry';
import { CliError, EXIT, type ExitCode } from './exit';
import { KEY_VARIABLE, URL_VARIABLE } from './invocation';
import { createProgram, usageExitCode } from './program';

/** The command line's main. */
async function main(args: string[]): Promise<ExitCode> {
  // Whoever reads the output may go away first, as `head` does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(EXIT.failed));
  // As everywhere else, a variable that is empty is not set.
  for (const name of [URL_VARIABLE, KEY_VARIABLE]) if (process.env[name] === '') delete process.env[name];
  let code: ExitCode = EXIT.done;
  try {
    await createProgram((ended) => (code = ended)).parseAsync(args);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return usageExitCode(thrown.exitCode);
    if (thrown instanceof SourceError) return told(thrown.message, [], EXIT.usage);
    if (thrown instanceof CliError) return told(thrown.message, thrown.advice, thrown.exitCode);
    const error = ensureError(thrown);
    return told(error.stack ?? error.message, ['This is a defect of the command line itself.'], EXIT.failed);
  }
}

function told(message: string, advice: string[], code: ExitCode): ExitCode {
  console.error([`error: ${message}`, ...advice].join('\n'));
  return code;
}

void main(process.argv).then((code) => {
  process.exitCode = code;
});
