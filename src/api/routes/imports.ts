import type { IncomingMessage as HttpRequest } from 'node:http';
import { z } from 'zod';
import { DomainError, UnavailableError, ensureError, notFound } from '../../domain/errors';
import { importWorkflowId, type ImportRef } from '../../domain/import';
import { newImportRef } from '../../ingest/imports';
import type { ReadLine } from '../../ingest/import-lines';
import {
  importRejections,
  listImports,
  viewImport,
  type ImportView,
  type Rejection,
} from '../../record/imports';
import { maySee, type Caller } from '../access';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/imports';
import { MAX_LINE_BYTES, readImportLine } from '../import-line';
import { storeMemoryLines, type MemoryLine } from '../import-memories';
import { JSON_LINES_TYPE, splitLines } from '../json-lines';
import { decodeCursor, encodeCursor } from '../page-cursor';
import { fieldErrors } from '../problem';
import { defineRoute, type Answer, type RequestContext, type Route } from '../route';
import { MAX_RETRIEVE_LIMIT, id, wholeNumber } from '../schemas/fields';
import { importLine, importList, importReceived, importView, rejection } from '../schemas/imports';
import { ndjsonBytes } from '../streamed-body';

const DEFAULT_PAGE = 50;
const MAX_CURSOR_CHARS = 4_000;
const REJECTIONS_A_PAGE = 1_000;
/** Nothing indexed for so long: it is worth asking whether anybody works on it. */
const STILL_AFTER_MS = 5_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const params = z.object({ import_id: id });
const tag = 'imports';

/** Everything under `/v1/imports`. */
export function importRoutes(deps: ApiDependencies): Route[] {
  const command = (verb: 'pause' | 'resume' | 'cancel', summary: string): Route =>
    defineRoute({
      method: 'post',
      path: `/v1/imports/{import_id}/${verb}`,
      auth: 'write',
      userOf: 'handler',
      tag,
      summary,
      params,
      example: examples[verb],
      responses: { 200: { description: 'As it stands now', schema: importView } },
      async handle({ params }, { caller }) {
        const ref = refOf(caller.namespace, params.import_id);
        await existing(deps, ref, caller);
        const view = await deps.imports.command(ref, verb);
        return { status: 200, body: await wireOf(deps, view) };
      },
    });
  return [
    defineRoute({
      method: 'post',
      path: '/v1/imports',
      auth: 'write',
      userOf: 'handler',
      tag,
      summary: 'Import many messages as a stream of lines',
      description:
        'NDJSON, packed with gzip or not, stored as it arrives. Bad lines are rejected one by one and do not stop the rest. The same file sent again changes nothing, and completes one that was cut. Of an export the messages are taken, and the memories that no messages make anew.',
      query: z.object({
        on_error: z.enum(['continue', 'abort']).optional(),
        user_id: id.optional().meta({ description: 'For lines without one' }),
      }),
      streamedBody: { mediaType: JSON_LINES_TYPE, schema: importLine },
      example: examples.receive,
      responses: { 202: { description: 'Stored durably, being indexed', schema: importReceived } },
      handle: ({ query, body }, context) => receive(deps, body as HttpRequest, query, context),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/imports',
      auth: 'read',
      userOf: 'handler',
      tag,
      summary: 'Imports, the newest first',
      query: z.object({
        limit: wholeNumber(1, MAX_RETRIEVE_LIMIT).optional(),
        cursor: z.string().max(MAX_CURSOR_CHARS).optional(),
      }),
      example: examples.list,
      responses: { 200: { description: 'One page', schema: importList } },
      async handle({ query }, { caller }) {
        const limit = query.limit ?? DEFAULT_PAGE;
        const after = query.cursor === undefined ? null : positionOf(query.cursor);
        const found = await listImports(deps.pool, caller.namespace, limit + 1, after, onlyOf(caller));
        const page = found.slice(0, limit);
        const last = page.at(-1);
        const more = found.length > limit && last;
        return {
          status: 200,
          body: {
            imports: await Promise.all(page.map((view) => wireOf(deps, view))),
            next_cursor: more
              ? encodeCursor({ createdAtText: last.createdAtText, conversationId: last.importId })
              : null,
          },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/imports/{import_id}',
      auth: 'read',
      userOf: 'handler',
      tag,
      summary: 'How far an import is',
      params,
      example: examples.view,
      responses: { 200: { description: 'As it stands now', schema: importView } },
      async handle({ params }, { caller }) {
        const view = await existing(deps, refOf(caller.namespace, params.import_id), caller);
        return { status: 200, body: await wireOf(deps, view) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/imports/{import_id}/rejections',
      auth: 'read',
      userOf: 'handler',
      tag,
      summary: 'The lines that were rejected, and why',
      params,
      example: examples.rejections,
      responses: {
        200: {
          description: 'One a line, in the order of the file',
          schema: rejection,
          mediaType: JSON_LINES_TYPE,
        },
      },
      async handle({ params }, { caller }) {
        const ref = refOf(caller.namespace, params.import_id);
        await existing(deps, ref, caller);
        return { status: 200, body: null, lines: allRejections(deps, ref) };
      },
    }),
    command('pause', 'Hold what is not being indexed yet'),
    command('resume', 'Go on'),
    command('cancel', 'Give up what is not indexed yet: it becomes failed, and can be retried'),
  ];
}

async function receive(
  deps: ApiDependencies,
  request: HttpRequest,
  query: { on_error?: 'continue' | 'abort' | undefined; user_id?: string | undefined },
  { caller, log, requestId }: RequestContext,
): Promise<Answer> {
  const bytes = ndjsonBytes(request);
  const ref = newImportRef(caller.namespace);
  const options = { abortOnError: query.on_error === 'abort', createdByKey: caller.keyId };
  let received;
  try {
    received = await deps.imports.receive(ref, readLines(deps, bytes, query.user_id, caller), options);
  } catch (error) {
    request.resume();
    log.warn({ err: ensureError(error), request_id: requestId, importId: ref.importId }, 'an import was cut');
    throw cutImport(error, ref);
  }
  const { view, workflowId, abortedAtLine } = received;
  if (abortedAtLine !== null) {
    request.resume();
    throw await aborted(deps, ref, abortedAtLine);
  }
  const { lines, messages, accepted, duplicates, rejected } = view.totals;
  return {
    status: 202,
    body: {
      import_id: ref.importId,
      lines,
      messages,
      accepted,
      duplicates,
      rejected,
      ...linksOf(deps, workflowId),
      status_url: statusUrlOf(ref.importId),
    },
  };
}

async function* readLines(
  deps: ApiDependencies,
  bytes: AsyncIterable<Buffer>,
  defaultUserId: string | undefined,
  caller: Caller,
): AsyncGenerator<ReadLine[]> {
  for await (const lines of splitLines(bytes, MAX_LINE_BYTES)) {
    const read = lines.flatMap((line) => readImportLine(line, defaultUserId) ?? []);
    const allowed = read.map((line) => forCaller(line, caller));
    const memories = allowed.flatMap((line) => ('memory' in line ? line : []));
    const others = allowed.flatMap((line) => ('memory' in line ? [] : line));
    const refused = await storeMemoryLines(deps, caller.namespace, memories);
    yield [...others, ...refused.map(({ line, reason }) => ({ line, rejected: reason }))];
  }
}

function forCaller(line: ReadLine | MemoryLine, caller: Caller): ReadLine | MemoryLine {
  if ('rejected' in line || maySee(caller, line.userId)) return line;
  return { line: line.line, rejected: 'user_id: this key is not for this user' };
}

/** What was stored before a body ended badly stays: the caller is told where to find it. */
function cutImport(error: unknown, ref: ImportRef): unknown {
  const where = `What had come before is stored as import ${ref.importId}; send the same file again to complete it.`;
  if (error instanceof DomainError)
    return new DomainError(error.status, error.title, `${error.detail} ${where}`, { cause: error });
  if (error instanceof UnavailableError)
    return new DomainError(503, 'Service unavailable', `A part is out of reach. ${where}`, { cause: error });
  return error;
}

async function aborted(deps: ApiDependencies, ref: ImportRef, line: number): Promise<DomainError> {
  const [first] = await importRejections(deps.pool, ref, line - 1, 1);
  return new DomainError(
    422,
    'Import aborted',
    `Line ${line} was rejected, and on_error=abort was asked for. The lines before it are stored as import ${ref.importId}.`,
    { errors: [{ path: `line ${line}`, message: first?.reason ?? 'was rejected' }] },
  );
}

async function* allRejections(deps: ApiDependencies, ref: ImportRef): AsyncGenerator<Rejection> {
  let after = 0;
  for (;;) {
    const page = await importRejections(deps.pool, ref, after, REJECTIONS_A_PAGE);
    yield* page;
    if (page.length < REJECTIONS_A_PAGE) return;
    after = page.at(-1)!.line;
  }
}

/** A key that is limited to users sees the imports it made: others' may hold anybody's messages. */
async function existing(deps: ApiDependencies, ref: ImportRef, caller: Caller): Promise<ImportView> {
  const view = await viewImport(deps.pool, ref);
  const own = onlyOf(caller);
  if (!view || (own !== null && view.createdByKey !== own)) throw notFound('There is no such import.');
  return view;
}

function onlyOf({ userIds, keyId }: Caller): string | null {
  return userIds === null ? null : keyId;
}

/** @throws DomainError 404 for an id that is none of ours */
function refOf(namespace: string, importId: string): ImportRef {
  if (!UUID.test(importId)) throw notFound('There is no such import.');
  return { namespace, importId: importId.toLowerCase() };
}

function positionOf(cursor: string): { createdAtText: string; importId: string } {
  const { createdAtText, conversationId: importId } = decodeCursor(cursor);
  if (!UUID.test(importId))
    throw fieldErrors([
      { path: 'cursor', message: 'is not a cursor of this list; leave it out for the first page' },
    ]);
  return { createdAtText, importId };
}

async function wireOf(deps: ApiDependencies, view: ImportView): Promise<z.output<typeof importView>> {
  return {
    import_id: view.importId,
    status: view.status,
    totals: view.totals,
    rate_per_second: view.ratePerSecond === null ? null : Math.round(view.ratePerSecond * 10) / 10,
    seconds_left: view.secondsLeft,
    waiting_for: await waitingFor(deps, view),
    created_at: view.createdAt.toISOString(),
    finished_at: view.finishedAt?.toISOString() ?? null,
    ...linksOf(deps, importWorkflowId(view.importId)),
    status_url: statusUrlOf(view.importId),
  };
}

/** In words, what an import waits for; null while it moves, and when it is done. */
async function waitingFor(deps: ApiDependencies, view: ImportView): Promise<string | null> {
  if (view.status === 'paused') return 'someone to resume it';
  if (view.totals.pending === 0) return view.status === 'receiving' ? 'more lines' : null;
  if (view.obstacle !== null) return view.obstacle;
  if (view.stillForMs < STILL_AFTER_MS) return null;
  for (const part of ['temporal', 'worker'] as const) {
    const check = deps.health[part];
    if (typeof check !== 'function') continue;
    try {
      await check();
    } catch (error) {
      return `${part}: ${ensureError(error).message}`;
    }
  }
  return view.status === 'receiving' ? 'more lines' : null;
}

function linksOf(deps: ApiDependencies, workflowId: string): { workflow_id: string; workflow_url?: string } {
  const url = deps.workflowUrl(workflowId);
  return url === undefined ? { workflow_id: workflowId } : { workflow_id: workflowId, workflow_url: url };
}

function statusUrlOf(importId: string): string {
  return `/v1/imports/${importId}`;
}
