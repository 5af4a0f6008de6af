import { randomUUID } from 'node:crypto';
import type { IncomingMessage as HttpRequest, ServerResponse } from 'node:http';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { z } from 'zod';
import { UnavailableError, type FieldError } from '../domain/errors';
import { idempotencyKeyOf, messageIdsOf, once, requestHash } from './idempotency';
import { readJsonBody, type JsonBody } from './json-body';
import { sendLines } from './json-lines';
import { PROBLEM_TYPE, fieldErrors, problemOf } from './problem';
import { parseQueryString } from './query-string';
import type { Answer, RequestContext, Route, RouteInput } from './route';
import { validate } from './validate';

const SLOW_REQUEST_MS = 10_000;
const MAX_REQUEST_ID_CHARS = 200;
const REQUEST_ID = /^[\x21-\x7e]+$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const NO_BODY = z.strictObject({});

export interface ServeDependencies {
  pool: Pool;
  namespace: string;
  log: Logger;
  /** Whether the schema is in place; until then routes that need the record answer 503. */
  recordReady(): boolean;
}

/** Serves one request of a route: reads, validates, runs it (once, if it has an Idempotency-Key), answers, logs. */
export async function serve(
  route: Route,
  dependencies: ServeDependencies,
  request: HttpRequest & { params: unknown },
  response: ServerResponse,
): Promise<void> {
  const started = performance.now();
  const { log } = dependencies;
  const requestId = requestIdOf(request);
  try {
    const context = { requestId, namespace: dependencies.namespace, log, newMessageId: randomUUID };
    const { answer, replayed } = await answerOf(route, dependencies, request, context);
    if (answer.stream) return await answer.stream(response);
    if (answer.lines) await sendLines(response, answer.status, answer.lines, requestId);
    else
      sendJson(
        response,
        answer.status,
        answer.body,
        requestId,
        replayed ? { 'Idempotent-Replayed': 'true' } : undefined,
      );
  } catch (error) {
    sendProblem(response, error, requestId, log);
  }
  const ms = performance.now() - started;
  if (ms > SLOW_REQUEST_MS)
    log.warn({ ...described(route, response, requestId), ms: Math.round(ms) }, 'slow request');
  else if (log.isLevelEnabled('debug'))
    log.debug({ ...described(route, response, requestId), ms: Math.round(ms) }, 'request');
}

async function answerOf(
  route: Route,
  dependencies: ServeDependencies,
  request: HttpRequest & { params: unknown },
  context: RequestContext,
): Promise<{ answer: Answer; replayed: boolean }> {
  const target = request.url ?? '';
  const takesBody = route.method !== 'get' && route.method !== 'delete' && !route.streamedBody;
  const body = takesBody ? await readJsonBody(request, route.body === undefined) : null;
  const input = parseInput(route, request, body);
  if (!route.withoutRecord && !dependencies.recordReady()) {
    throw new UnavailableError('postgres', 'the schema is not in place yet');
  }
  if (route.streamedBody)
    return { answer: await route.handle({ ...input, body: request }, context), replayed: false };
  const key = route.method === 'post' ? idempotencyKeyOf(request.headers['idempotency-key']) : null;
  if (key === null) return { answer: await route.handle(input, context), replayed: false };
  const claim = {
    namespace: context.namespace,
    route: `${route.method.toUpperCase()} ${route.path}`,
    key,
    userId: route.userOf?.(input) ?? null,
    bodyHash: requestHash(target, body?.raw ?? Buffer.alloc(0)),
  };
  const repeatable = { ...context, newMessageId: messageIdsOf(claim) };
  return once(dependencies.pool, claim, context, async () => route.handle(input, repeatable));
}

/** @throws DomainError 422 with everything that is wrong in path, query, headers and body together */
function parseInput(
  route: Route,
  request: HttpRequest & { params: unknown },
  body: JsonBody | null,
): RouteInput<unknown, unknown, unknown> {
  const errors: FieldError[] = [];
  const take = (schema: z.ZodType | undefined, value: unknown): unknown => {
    if (!schema) return undefined;
    const result = validate(schema, value);
    if ('value' in result) return result.value;
    errors.push(...result.errors);
    return undefined;
  };
  const input = {
    params: take(route.params, request.params),
    query: take(route.query, route.query ? parseQueryString(request.url ?? '') : undefined),
    headers: take(route.headers, request.headers),
    body: body ? take(route.body ?? NO_BODY, body.value) : undefined,
  };
  if (errors.length > 0) throw fieldErrors(errors);
  return input;
}

/** The caller's own id of the request, if it is one line of printable ASCII; else a new one. */
export function requestIdOf(request: HttpRequest): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && given.length <= MAX_REQUEST_ID_CHARS && REQUEST_ID.test(given)
    ? given
    : randomUUID();
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  requestId: string,
  headers?: Record<string, string>,
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'Content-Type': status >= 400 && isProblem(body) ? PROBLEM_TYPE : JSON_TYPE,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
    ...headers,
  });
  response.end(bytes);
}

/** Answers with a problem document; what is our fault is logged with its cause. */
export function sendProblem(response: ServerResponse, error: unknown, requestId: string, log: Logger): void {
  const { status, headers, body } = problemOf(error, requestId);
  if (status === 500) log.error({ err: error, request_id: requestId }, 'request failed');
  else if (status > 500) log.warn({ err: error, request_id: requestId }, 'request could not be served');
  if (response.headersSent) response.destroy();
  else
    sendJson(
      response,
      status,
      body,
      requestId,
      status === 408 || status === 413 ? { ...headers, Connection: 'close' } : headers,
    );
}

function isProblem(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'title' in body && 'request_id' in body;
}

function described(route: Route, response: ServerResponse, requestId: string): Record<string, unknown> {
  // The route's pattern, never the target: a path or a query has people's ids and words.
  return { request_id: requestId, method: route.method, route: route.path, status: response.statusCode };
}
