import { Option, type Command } from 'commander';
import { chat, type ChatOptions } from './commands/chat';
import type { OutputOptions } from './commands/imports';
import {
  searchMemories,
  showContext,
  showStatus,
  storeText,
  type ContextOptions,
  type SearchOptions,
  type StoreOptions,
} from './commands/memories';
import { serveMcp } from './commands/mcp';
import { eraseUser, exportUser, showUser } from './commands/users';
import type { ExitCode } from './exit';
import { packageVersion } from './invocation';
import { asCliError, memoryClientOf, told } from './memory-server';
import { portNumber, wholeNumber } from './number-arguments';
import { serverOf, withServer, type ServerOptions } from './server-options';

const ROLES = ['user', 'assistant', 'system', 'tool'];
const DEFAULT_LIMIT = 10;
const DEFAULT_CONVERSATIONS = 50;

/** Storing, searching, chatting, and everything of a user. */
export function addMemoryCommands(program: Command, onExit: (code: ExitCode) => void): void {
  forUser(withServer(program.command('store')))
    .description('Remember something that was said.')
    .argument('<text...>', 'what was said; - reads standard input')
    .option('--conversation <id>', 'the conversation it belongs to; the user’s own if left out')
    .addOption(new Option('--role <role>', 'who said it').choices(ROLES).default('user'))
    .addHelpText('after', example('store --user ada "My sister Lin moved to Oslo in May."'))
    .action(async (words: string[], options: StoreOptions & ServerOptions) =>
      onExit(await told(options, () => storeText(memoryClientOf(options), words, options))),
    );
  forUser(withServer(program.command('search')))
    .description('Find what is remembered, the best first.')
    .argument('<query...>', 'a question or words')
    .option('--limit <n>', 'how many', wholeNumber, DEFAULT_LIMIT)
    .option('--persona <name>', 'only memories of this side of the person, such as finance')
    .addHelpText('after', example('search --user ada "Where does my sister live?"'))
    .action(async (words: string[], options: SearchOptions & ServerOptions) =>
      onExit(await told(options, () => searchMemories(memoryClientOf(options), words, options))),
    );
  forUser(withServer(program.command('context')))
    .description('Print what a model should be told before it answers: ready to paste into a prompt.')
    .argument('<query...>', 'what the model is to answer')
    .option('--conversation <id>', 'the conversation it happens in, which the model sees anyway')
    .option('--max-tokens <n>', 'never longer than this; 1,000 if left out', wholeNumber)
    .addHelpText('after', example('context --user ada "Plan a trip to my sister."'))
    .action(async (words: string[], options: ContextOptions & ServerOptions) =>
      onExit(await told(options, () => showContext(memoryClientOf(options), words, options))),
    );
  forUser(withServer(program.command('chat')))
    .description('Talk to the memory: each line is remembered, and what it brings up is shown as it comes.')
    .option('--conversation <id>', 'go on with this conversation; a new one if left out')
    .addHelpText('after', example('chat --user ada'))
    .action(async (options: ChatOptions & ServerOptions) =>
      onExit(
        await told(options, () =>
          chat(memoryClientOf(options), options, (error) => asCliError(options, error)),
        ),
      ),
    );
  withServer(program.command('status'))
    .description('How the server and each of its parts are.')
    .action(async (options: ServerOptions & OutputOptions) =>
      onExit(await showStatus(options.url, await serverOf(options).ask('GET', '/health/full'), options)),
    );
  withServer(program.command('mcp'), 'one form')
    .description('Serve the memory as MCP tools: search, remember, context, forget.')
    .option('--user <id>', 'whose memory, and nobody else’s; if left out, each call of a tool says whose')
    .option('--http <port>', 'over HTTP on this machine, instead of standard input and output', portNumber)
    .addHelpText('after', example('mcp --user ada'))
    .action(async (options: ServerOptions & { user?: string; http?: number }) =>
      onExit(
        await told(options, () =>
          serveMcp(memoryClientOf(options), { ...options, version: packageVersion() }),
        ),
      ),
    );
  addUserCommands(program, onExit);
}

function addUserCommands(program: Command, onExit: (code: ExitCode) => void): void {
  withServer(program.command('users'))
    .description('A user’s conversations, the newest first.')
    .argument('<user>', 'the user’s id')
    .option('--limit <n>', 'how many', wholeNumber, DEFAULT_CONVERSATIONS)
    .action(async (user: string, options: ServerOptions & OutputOptions & { limit: number }) =>
      onExit(await told(options, () => showUser(memoryClientOf(options), user, options))),
    );
  withServer(program.command('export'), 'one form')
    .description('Write all of a user’s data, one JSON record a line.')
    .argument('<user>', 'the user’s id')
    .option('--output <file>', 'a new file; standard output if left out')
    .action(async (user: string, options: ServerOptions & { output?: string }) =>
      onExit(await told(options, () => exportUser(memoryClientOf(options), user, options))),
    );
  withServer(program.command('erase'))
    .description('Erase everything of a user, everywhere. It cannot be undone.')
    .argument('<user>', 'the user’s id')
    .option('--yes', 'do not ask', false)
    .action(async (user: string, options: ServerOptions & OutputOptions & { yes: boolean }) =>
      onExit(await told(options, () => eraseUser(memoryClientOf(options), user, options))),
    );
}

function forUser(command: Command): Command {
  return command.requiredOption('--user <id>', 'whose memory (required)');
}

function example(words: string): string {
  return `\nExample:\n  npx agentic-memories ${words}`;
}
