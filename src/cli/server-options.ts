import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_URL, KEY_VARIABLE, URL_VARIABLE } from './invocation';
import { Server } from './server';

export interface ServerOptions {
  url: string;
  apiKey?: string;
}

/**
 * The options of every command that speaks to the server.
 * @param output `one form` for a command whose output is for programs anyway: `--json` is taken, and changes nothing
 */
export function withServer(command: Command, output: 'text or json' | 'one form' = 'text or json'): Command {
  return command
    .addOption(
      new Option('--url <url>', 'the server').env(URL_VARIABLE).default(DEFAULT_URL).argParser(serverUrl),
    )
    .addOption(new Option('--api-key <key>', 'its key').env(KEY_VARIABLE))
    .addOption(
      new Option('--json', 'print JSON, for scripts').default(false).hideHelp(output === 'one form'),
    );
}

/** The server that these options name. */
export function serverOf({ url, apiKey }: ServerOptions): Server {
  return new Server({ url, apiKey });
}

function serverUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError(`It must look like ${DEFAULT_URL}.`);
  if (/\/v1\/*$/.test(new URL(text).pathname))
    throw new InvalidArgumentError('It is the address of the API without /v1.');
  return text;
}
