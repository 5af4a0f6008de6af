import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { apiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi } from '../support/stack';

const ROOT = path.resolve(__dirname, '../..');
const CLIENT = path.join(ROOT, 'src/client/index.ts');
const GENERATOR = path.join(ROOT, 'node_modules/openapi-typescript/bin/cli.js');
const folder = mkdtempSync(path.join(tmpdir(), 'agentic-memories-types-'));
let document: { paths: Record<string, Record<string, { operationId: string; tags: string[] }>> };

beforeAll(async () => {
  const server = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none' }) });
  document = (await apiClient(server.url).get('/openapi.json')).body as typeof document;
  await server.stop();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** For operators, who have the command line. mem0's routes have mem0's client. */
const WITHOUT_CALL = ['get_health_full', 'get_metrics', 'get_reindex', 'post_maintenance', 'post_reindex'];

/** Compiles only if the client's calls take and answer what the document says, no field more or less. */
const AGREEMENT = `
import type { operations } from './openapi';
import type { ImportsClient, MemoriesClient, MemoryClient, UsersClient, Where } from '${CLIENT}';

type Operation = keyof operations;
type ContentOf<T> = T extends { content: infer C } ? C[keyof C] : never;
type Body<O extends Operation> = operations[O] extends { requestBody?: infer B }
  ? ContentOf<NonNullable<B>>
  : never;
type Given<O extends Operation, Place extends string> =
  operations[O]['parameters'] extends { [P in Place]?: infer V } ? NonNullable<V> : never;
type Query<O extends Operation> = Given<O, 'query'>;
type Path<O extends Operation> = Given<O, 'path'>;
type Success<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? ContentOf<R[S]> : never }[keyof R];
type Answer<O extends Operation> = Success<operations[O]['responses']>;

type Call = (...args: never[]) => unknown;
type First<C extends Call> = NonNullable<Parameters<C>[0]>;
type Second<C extends Call> = NonNullable<Parameters<C>[1]>;
type Answered<C extends Call> =
  ReturnType<C> extends Promise<infer T> ? T
  : ReturnType<C> extends AsyncGenerator<infer T, void> ? T
  : never;

/** Spelled out to the last field, so that interfaces, intersections and references compare alike. */
type Flat<T> =
  T extends string | number | boolean | null | undefined ? T
  : T extends readonly (infer E)[] ? Flat<E>[]
  : unknown extends T ? T
  : { [K in keyof T]: Flat<T[K]> };
type Identical<A, B> =
  (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
type Same<A, B> = Identical<Flat<A>, Flat<B>> extends true ? true : { client: Flat<A>; document: Flat<B> };
/** The client has one type where the document has one for each status. */
type KeysOf<T> = T extends unknown ? keyof T : never;
type SameUnited<A, B> =
  [Flat<A>, Flat<B>, KeysOf<B>] extends [Flat<B>, Flat<A>, KeysOf<A>]
    ? Same<KeysOf<A>, KeysOf<B>>
    : { client: Flat<A>; document: Flat<B> };
declare function agree<_ extends true>(): void;

type M = MemoryClient;
agree<Same<First<M['store']>, Body<'post_store'>>>();
agree<SameUnited<Answered<M['store']>, Answer<'post_store'>>>();
// A single one needs no list.
agree<Same<Omit<First<M['retrieve']>, 'metadata_filter'>, Omit<Query<'get_retrieve'>, 'metadata_filter'>>>();
agree<Same<Extract<First<M['retrieve']>['metadata_filter'], readonly string[]>, Extract<Query<'get_retrieve'>['metadata_filter'], string[]>>>();
agree<Same<Answered<M['retrieve']>, Answer<'get_retrieve'>>>();
// The document tells in words what the conditions may be.
agree<Same<Omit<First<M['recall']>, 'where'>, Omit<Body<'post_retrieve'>, 'where'>>>();
agree<Pick<Where, keyof Where> extends NonNullable<Body<'post_retrieve'>['where']> ? true : false>();
agree<Same<Answered<M['recall']>, Answer<'post_retrieve'>>>();
agree<Same<First<M['context']>, Body<'post_context'>>>();
agree<Same<Answered<M['context']>, Answer<'post_context'>>>();
agree<Same<First<M['narrative']>, Body<'post_narrative'>>>();
agree<Same<Answered<M['narrative']>, Answer<'post_narrative'>>>();

type Append = 'post_conversations_conversation_id_messages';
agree<Same<First<M['messages']>, Body<Append> & Path<Append>>>();
agree<Same<Answered<M['messages']>, Answer<Append>>>();
type ReadTurns = 'get_conversations_conversation_id_messages';
agree<Same<First<M['turns']>, Query<ReadTurns> & Path<ReadTurns>>>();
agree<Same<Answered<M['turns']>, Answer<ReadTurns>>>();
type Flush = 'post_conversations_conversation_id_flush';
agree<Same<First<M['flush']>, Query<Flush> & Path<Flush>>>();
agree<Same<Answered<M['flush']>, Answer<Flush>>>();
type View = 'get_conversations_conversation_id';
agree<Same<First<M['conversation']>, Query<View> & Path<View>>>();
agree<Same<Answered<M['conversation']>, Answer<View>>>();
type Retry = 'post_conversations_conversation_id_retry';
agree<Same<First<M['retry']>, Query<Retry> & Path<Retry>>>();
agree<Same<Answered<M['retry']>, Answer<Retry>>>();
type ChangePolicy = 'put_conversations_conversation_id_policy';
agree<Same<First<M['setPolicy']>, Query<ChangePolicy> & Path<ChangePolicy>>>();
agree<Same<Second<M['setPolicy']>, Body<ChangePolicy>>>();
agree<Same<Answered<M['setPolicy']>, Answer<ChangePolicy>>>();
type Injections = 'get_conversations_conversation_id_injections';
agree<Same<First<M['injections']>, Query<Injections> & Path<Injections>>>();
agree<Same<Answered<M['injections']>['injection'], Answer<Injections>>>();

agree<Same<First<M['streamMessage']>, Body<'post_orchestrator_message'>>>();
agree<Same<Answered<M['streamMessage']>, Answer<'post_orchestrator_message'>>>();
agree<Same<First<M['streamTranscript']>, Body<'post_orchestrator_transcript'>>>();
agree<Same<Answered<M['streamTranscript']>, Answer<'post_orchestrator_transcript'>>>();
agree<Same<First<M['topInjections']>, Body<'post_orchestrator_retrieve'>>>();
agree<Same<Answered<M['topInjections']>, Answer<'post_orchestrator_retrieve'>>>();
agree<Same<Answered<M['health']>, Answer<'get_health'>>>();

agree<Same<First<MemoriesClient['create']>, Body<'post_memories_direct'>>>();
agree<Same<Answered<MemoriesClient['create']>, Answer<'post_memories_direct'>>>();
agree<Same<Answered<MemoriesClient['get']>, Answer<'get_memories_memory_id'>>>();
agree<Same<Parameters<MemoriesClient['update']>[2], Body<'patch_memories_memory_id'>>>();
agree<Same<Answered<MemoriesClient['update']>, Answer<'patch_memories_memory_id'>>>();
agree<Same<Answered<MemoriesClient['delete']>, Answer<'delete_memories_memory_id'>>>();

agree<Same<Second<UsersClient['conversations']>, Query<'get_users_user_id_conversations'>>>();
agree<Same<Answered<UsersClient['conversations']>, Answer<'get_users_user_id_conversations'>>>();
agree<Same<Second<UsersClient['summaries']>, Query<'get_users_user_id_summaries'>>>();
agree<Same<Answered<UsersClient['summaries']>, Answer<'get_users_user_id_summaries'>>>();
agree<Same<Answered<UsersClient['persona']>, Answer<'get_users_user_id_persona'>>>();
agree<Same<Answered<UsersClient['export']>, Answer<'get_users_user_id_export'>>>();
agree<Same<Answered<UsersClient['erase']>, Answer<'delete_users_user_id'>>>();

type Line = Extract<First<ImportsClient['send']>, readonly unknown[]>[number];
agree<Same<Line, Body<'post_imports'>>>();
agree<Same<Answered<ImportsClient['send']>, Answer<'post_imports'>>>();
agree<Same<First<ImportsClient['list']>, Query<'get_imports'>>>();
agree<Same<Answered<ImportsClient['list']>, Answer<'get_imports'>>>();
agree<Same<Answered<ImportsClient['get']>, Answer<'get_imports_import_id'>>>();
agree<Same<Answered<ImportsClient['rejections']>, Answer<'get_imports_import_id_rejections'>>>();
agree<Same<Answered<ImportsClient['pause']>, Answer<'post_imports_import_id_pause'>>>();
agree<Same<Answered<ImportsClient['resume']>, Answer<'post_imports_import_id_resume'>>>();
agree<Same<Answered<ImportsClient['cancel']>, Answer<'post_imports_import_id_cancel'>>>();
`;

it('the client takes and answers what types generated from the document say, no field more or less', async () => {
  writeFileSync(path.join(folder, 'openapi.json'), JSON.stringify(document));
  await promisify(execFile)(process.execPath, [GENERATOR, 'openapi.json', '-o', 'openapi.ts'], {
    cwd: folder,
  });
  const file = path.join(folder, 'agreement.ts');
  writeFileSync(file, AGREEMENT);
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    noErrorTruncation: true,
  });
  const lines = AGREEMENT.split('\n');
  const wrong = ts.getPreEmitDiagnostics(program).map(({ file: source, start, messageText }) => {
    const line = source && start !== undefined ? source.getLineAndCharacterOfPosition(start).line : 0;
    return { line: lines[line], message: ts.flattenDiagnosticMessageText(messageText, '\n') };
  });
  expect(wrong).toEqual([]);
}, 60_000);

it('the client has a call for every operation', () => {
  const operations = Object.values(document.paths)
    .flatMap((one) => Object.values(one))
    .filter(({ tags }) => !tags.includes('mem0'))
    .map(({ operationId }) => operationId);
  const called = [...AGREEMENT.matchAll(/'((?:get|post|put|patch|delete)_\w+)'/g)].map((match) => match[1]!);
  expect([...new Set([...called, ...WITHOUT_CALL])].sort()).toEqual(operations.sort());
});
