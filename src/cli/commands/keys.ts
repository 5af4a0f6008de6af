import { resolve } from 'node:path';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import type { Pool } from 'pg';
import { idProblem } from '../../api/schemas/fields';
import { configSchema } from '../../config';
import { SCOPES, keyText, newKeyParts, secretDigest, type Scope } from '../../domain/api-key';
import { UnavailableError } from '../../domain/errors';
import { runningDatabaseUrl } from '../../local/postgres';
import { insertKey, listKeys, revokeKey, type StoredKey } from '../../record/api-keys';
import { migrate } from '../../record/migrate';
import { asRecordError, createPool } from '../../record/pool';
import { CliError, EXIT, type ExitCode } from '../exit';
import { KEY_VARIABLE, commandLine } from '../invocation';
import { facts, table } from '../words';

const MAX_NAME_CHARS = 200;

interface RecordOptions {
  databaseUrl?: string;
  json: boolean;
}

interface CreateOptions extends RecordOptions {
  name: string;
  namespace: string;
  scope: Scope;
  user?: string[];
}

/** `keys create|list|revoke`: they speak to Postgres itself, for whoever may make keys has its address. */
export function addKeys(program: Command, onExit: (code: ExitCode) => void): void {
  const keys = program
    .command('keys')
    .description('Make, see and revoke the API’s keys. Once there is one, every call needs one.');
  onRecord(keys.command('create'))
    .description('Make a key; it is shown once.')
    .option('--name <name>', 'what it is for', nameOf, '')
    .addOption(namespaceOption('the namespace it belongs to').default(defaultNamespace()))
    .addOption(
      new Option('--scope <scope>', 'what it may do; each includes those before it')
        .choices(SCOPES)
        .default('write'),
    )
    .option('--user <id>', 'limits it to this user; may be repeated', userIds)
    .action(async (options: CreateOptions) => onExit(await createKey(options)));
  onRecord(keys.command('list'))
    .description('The keys there are, without their secrets.')
    .addOption(namespaceOption('only those of this namespace'))
    .action(async (options: RecordOptions & { namespace?: string }) => onExit(await showKeys(options)));
  onRecord(keys.command('revoke'))
    .description('Revoke a key: within seconds it is refused.')
    .addArgument(new Argument('<id>', 'the key’s id, as `keys list` shows it').argParser(keyIdOf))
    .action(async (id: string, options: RecordOptions) => onExit(await revoke(id, options)));
}

/** `migrate`: for deployments that want the schema in place before anything starts. */
export function addMigrate(program: Command, onExit: (code: ExitCode) => void): void {
  onRecord(program.command('migrate'))
    .description('Bring the schema of Postgres up to date; processes do it by themselves, too.')
    .action(async (options: RecordOptions) => {
      const applied = await withRecord(options, async (_pool, versions) => versions);
      if (options.json) console.log(JSON.stringify({ applied }));
      else
        console.log(applied.length === 0 ? 'The schema was up to date.' : `Applied ${applied.join(', ')}.`);
      onExit(EXIT.done);
    });
}

async function createKey(options: CreateOptions): Promise<ExitCode> {
  const parts = newKeyParts();
  const stored = await withRecord(options, (pool) =>
    insertKey(pool, {
      keyId: parts.keyId,
      namespace: options.namespace,
      name: options.name,
      secretDigest: secretDigest(parts.secret),
      scope: options.scope,
      userIds: options.user ?? null,
    }),
  );
  const key = keyText(parts);
  if (options.json) console.log(JSON.stringify({ key, ...shown(stored) }));
  else {
    console.log(key);
    console.error(`\n${described(stored)}\n`);
    console.error(
      `This is the only time it is shown. Send it as Authorization: Bearer KEY; the command line reads ${KEY_VARIABLE}.`,
    );
  }
  return EXIT.done;
}

async function showKeys(options: RecordOptions & { namespace?: string }): Promise<ExitCode> {
  const keys = await withRecord(options, (pool) => listKeys(pool, options.namespace ?? null));
  if (options.json) console.log(JSON.stringify(keys.map(shown)));
  else if (keys.length === 0) console.log(`No keys yet. To make one: ${commandLine(['keys', 'create'])}`);
  else console.log(table([HEADER, ...keys.map(rowOf)]));
  return EXIT.done;
}

async function revoke(id: string, options: RecordOptions): Promise<ExitCode> {
  const key = await withRecord(options, (pool) => revokeKey(pool, id));
  if (key === null)
    throw new CliError(EXIT.failed, `there is no key ${id}`, [
      `\`${commandLine(['keys', 'list'])}\` shows the keys there are.`,
    ]);
  console.log(options.json ? JSON.stringify(shown(key)) : `Revoked ${id}.`);
  return EXIT.done;
}

const HEADER = ['ID', 'NAMESPACE', 'SCOPE', 'USERS', 'NAME', 'CREATED', 'REVOKED'];

function rowOf(key: StoredKey): string[] {
  return [
    key.keyId,
    key.namespace,
    key.scope,
    usersOf(key),
    key.name,
    key.createdAt.toISOString(),
    key.revokedAt?.toISOString() ?? '',
  ];
}

function described(key: StoredKey): string {
  return facts([
    ['id', key.keyId],
    ['namespace', key.namespace],
    ['scope', key.scope],
    ['users', usersOf(key)],
  ]);
}

function usersOf({ userIds }: StoredKey): string {
  return userIds === null ? 'all' : userIds.length === 0 ? 'none' : userIds.join(', ');
}

function shown(key: StoredKey): object {
  return {
    id: key.keyId,
    namespace: key.namespace,
    name: key.name,
    scope: key.scope,
    user_ids: key.userIds,
    created_at: key.createdAt.toISOString(),
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}

/** Works on the record named by the option or DATABASE_URL, else on the one of the local stack that runs here. */
async function withRecord<T>(
  options: RecordOptions,
  work: (pool: Pool, applied: number[]) => Promise<T>,
): Promise<T> {
  const local = runningDatabaseUrl(resolve(process.env['DATA_DIR'] || '.data'));
  const url = options.databaseUrl ?? local ?? configSchema.shape.DATABASE_URL.parse(undefined);
  const pool = createPool({ url, size: 2 });
  try {
    // A key may be what the first start waits for.
    return await work(pool, await migrate(pool));
  } catch (thrown) {
    const error = asRecordError(thrown);
    if (!(error instanceof UnavailableError)) throw thrown;
    throw new CliError(EXIT.unreachable, error.message, [
      'This speaks to Postgres itself: is it running, and is --database-url or DATABASE_URL right?',
    ]);
  } finally {
    await pool.end();
  }
}

function onRecord(command: Command): Command {
  return command
    .addOption(
      new Option('--database-url <url>', 'the record; the local stack’s if one runs here').env(
        'DATABASE_URL',
      ),
    )
    .option('--json', 'print JSON, for scripts', false);
}

function namespaceOption(what: string): Option {
  return new Option('--namespace <namespace>', what).argParser((text) => {
    const parsed = configSchema.shape.NAMESPACE.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError('It is 1 to 64 letters, digits, _ or -.');
  });
}

function defaultNamespace(): string {
  return configSchema.shape.NAMESPACE.safeParse(process.env['NAMESPACE']).data ?? 'default';
}

function userIds(text: string, before: string[] = []): string[] {
  const problem = idProblem(text);
  if (problem) throw new InvalidArgumentError(`It ${problem}.`);
  return [...before, text];
}

function nameOf(text: string): string {
  if (text.length <= MAX_NAME_CHARS) return text;
  throw new InvalidArgumentError(`It may have at most ${MAX_NAME_CHARS} characters.`);
}

/** Whoever pastes the whole key means its id. */
function keyIdOf(text: string): string {
  return /^am_([0-9a-f]{16})(?:_|$)/.exec(text)?.[1] ?? text;
}
