import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { MemoryClient } from '../../client';
import { confirmErasing } from '../confirm';
import { CliError, EXIT, type ExitCode } from '../exit';
import { count, counted, table } from '../words';
import type { OutputOptions } from './imports';

/** `users USER` */
export async function showUser(
  client: MemoryClient,
  user: string,
  { limit, json }: OutputOptions & { limit: number },
): Promise<ExitCode> {
  const { conversations, next_cursor: more } = await client.users.conversations(user, { limit });
  if (json) console.log(JSON.stringify(conversations));
  else if (conversations.length === 0) console.log(`${user} has no conversations.`);
  else {
    const rows = conversations.map((one) => [
      one.conversation_id,
      count(one.appended_through),
      count(one.indexed_through),
      one.created_at.slice(0, 10),
      one.updated_at.slice(0, 16).replace('T', ' '),
    ]);
    console.log(table([['CONVERSATION', 'MESSAGES', 'SEARCHABLE', 'BEGAN', 'LAST (UTC)'], ...rows]));
    if (more !== null) console.log('\nThere are more; --limit shows up to 1,000.');
  }
  return EXIT.done;
}

/** `export USER` */
export async function exportUser(
  client: MemoryClient,
  user: string,
  { output }: { output?: string },
): Promise<ExitCode> {
  const target = output === undefined ? process.stdout : createWriteStream(output, { flags: 'wx' });
  // A file that cannot be written is told before anything is asked for.
  if (output !== undefined)
    await once(target, 'open').catch((cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EEXIST' ? 'it is there already; name another file' : cause.message;
      throw new CliError(EXIT.usage, `${output} cannot be written: ${reason}`, [], { cause });
    });
  let records = 0;
  try {
    for await (const record of client.users.export(user)) {
      records += 1;
      if (!target.write(`${JSON.stringify(record)}\n`)) await once(target, 'drain');
    }
  } catch (thrown) {
    // A part of an export passes for the whole, and keeps the same command from being run again.
    if (output !== undefined) await discard(target, output);
    throw thrown;
  }
  if (records === 0) console.error(`Nothing is stored of ${user}.`);
  if (output === undefined) return EXIT.done;
  if (records === 0) await discard(target, output);
  else {
    target.end();
    await once(target, 'close');
    console.error(`${counted(records, 'record')} of ${user} written to ${output}`);
  }
  return EXIT.done;
}

async function discard(target: Writable, file: string): Promise<void> {
  target.destroy();
  if (!target.closed) await once(target, 'close');
  await rm(file, { force: true });
}

/** `erase USER` */
export async function eraseUser(
  client: MemoryClient,
  user: string,
  { yes, json }: OutputOptions & { yes: boolean },
): Promise<ExitCode> {
  if (!yes) await confirm(user);
  const answer = await client.users.erase(user);
  if (json) console.log(JSON.stringify(answer));
  else console.log(`Everything of ${user} is being erased; nothing of it is found from now on.`);
  return EXIT.done;
}

async function confirm(user: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CliError(EXIT.usage, 'erasing cannot be undone: say --yes where nobody can be asked');
  await confirmErasing(user, { input: process.stdin, output: process.stderr });
}
