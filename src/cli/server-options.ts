import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_URL, KEY_VARIABLE, URL_VARIABLE } from './invocation';
import { Server } from './server';

export interface ServerOptions {
  url: string;
  apiKey?: string;
}

/** The options of every command that speaks to the server. */
export function withServer(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'the server').env(URL_VARIABLE).default(DEFAULT_URL).argParser(serverUrl),
    )
    .addOption(new Option('--api-key <key>', 'its key').env(KEY_VARIABLE))
    .option('--json', 'print JSON, for scripts', false);
}

/** The server that these options name. */
export function serverOf({ url, apiKey }: ServerOptions): Server {
  return new Server({ url, apiKey });
}

function serverUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError(`It must look like ${DEFAULT_URL}.`);
}
