import { text } from 'node:stream/consumers';
import type { Item, MemoryClient, Role } from '../../client';
import { STDIN } from '../../sources/file-bytes';
import { CliError, EXIT, type ExitCode } from '../exit';
import { count, counted, facts, table } from '../words';
import type { OutputOptions } from './imports';

const MAX_CONTENT_CHARS = 80;

export interface StoreOptions extends OutputOptions {
  user: string;
  conversation?: string;
  role: Role;
}

/** `store TEXT` */
export async function storeText(
  client: MemoryClient,
  words: string[],
  { user, conversation, role, json }: StoreOptions,
): Promise<ExitCode> {
  const content = (words.join(' ') === STDIN ? await text(process.stdin) : words.join(' ')).trim();
  if (content === '') throw new CliError(EXIT.usage, 'there is nothing to store: the text is empty');
  const stored = await client.store({
    user_id: user,
    history: [{ role, content }],
    ...(conversation === undefined ? {} : { conversation_id: conversation }),
  });
  if (json) console.log(JSON.stringify(stored));
  else
    console.log(
      stored.status === 'pending'
        ? `Stored in conversation ${stored.conversation_id}; it will be searchable in a moment.`
        : `Stored in conversation ${stored.conversation_id}: ${counted(stored.memories_created, 'new memory', 'new memories')}.`,
    );
  return EXIT.done;
}

export interface SearchOptions extends OutputOptions {
  user: string;
  limit: number;
  persona?: string;
}

/** `search QUERY` */
export async function searchMemories(
  client: MemoryClient,
  words: string[],
  { user, limit, persona, json }: SearchOptions,
): Promise<ExitCode> {
  const { results, pagination } = await client.retrieve({
    user_id: user,
    query: words.join(' '),
    limit,
    ...(persona === undefined ? {} : { persona }),
  });
  if (json) console.log(JSON.stringify({ results, pagination }));
  else if (results.length === 0)
    console.log(`Nothing is remembered of ${user}${persona === undefined ? '' : ` as ${persona}`}.`);
  else {
    console.log(table([['SCORE', 'RELEVANCE', 'SAID', 'MEMORY', 'CONTENT'], ...results.map(rowOf)]));
    if (pagination.total > results.length)
      console.log(`\n${count(results.length)} of ${counted(pagination.total, 'memory', 'memories')}.`);
  }
  return EXIT.done;
}

function rowOf({ score, relevance, created_at: said, id, content }: Item): string[] {
  return [score.toFixed(2), relevance.toFixed(2), said.slice(0, 10), id, oneLine(content)];
}

/** A text as one line that fits a table. */
export function oneLine(content: string): string {
  const line = content.replace(/\s+/g, ' ');
  return line.length <= MAX_CONTENT_CHARS ? line : `${line.slice(0, MAX_CONTENT_CHARS - 1)}…`;
}

export interface ContextOptions extends OutputOptions {
  user: string;
  conversation?: string;
  maxTokens?: number;
}

/** `context QUERY` */
export async function showContext(
  client: MemoryClient,
  words: string[],
  { user, conversation, maxTokens, json }: ContextOptions,
): Promise<ExitCode> {
  const block = await client.context({
    user_id: user,
    query: words.join(' '),
    ...(conversation === undefined ? {} : { conversation_id: conversation }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  });
  if (json) console.log(JSON.stringify(block));
  else if (block.context !== '') console.log(block.context);
  else {
    const budget = maxTokens === undefined ? '' : ` that fits ${counted(maxTokens, 'token')}`;
    console.log(`Nothing is remembered of ${user} for this${budget}.`);
  }
  return EXIT.done;
}

interface FullHealth {
  status: string;
  checks: Record<string, { status: string; detail?: string }>;
}

/** `status` */
export async function showStatus(
  url: string,
  health: FullHealth,
  { json }: OutputOptions,
): Promise<ExitCode> {
  if (json) console.log(JSON.stringify(health));
  else {
    console.log(`${url}: ${health.status}\n`);
    console.log(
      facts(
        Object.entries(health.checks).map(([part, { status, detail }]) => [
          part,
          detail === undefined ? status : `${status}, ${detail}`,
        ]),
      ),
    );
  }
  return health.status === 'ok' ? EXIT.done : EXIT.failed;
}
