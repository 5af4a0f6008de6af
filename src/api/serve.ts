import { randomUUID } from 'node:crypto';
import type { IncomingMessage as HttpRequest, ServerResponse } from 'node:http';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { z } from 'zod';
import { DomainError, UnavailableError, type FieldError } from '../domain/errors';
import { requireScope, requireUser, type Access, type Caller } from './access';
import { answerFor, answerIfErased } from './erased-users';
import { idempotencyKeyOf, messageIdsOf, once, requestHash } from './idempotency';
import { readJsonBody, type JsonBody } from './json-body';
import { sendLines } from './json-lines';
import { PROBLEM_TYPE, fieldErrors, problemOf } from './problem';
import { parseQueryString } from './query-string';
import type { Tracing } from '../tracing/tracing';
import type { ProcessMetrics } from '../metrics/process-metrics';
import type { RateLimits } from './rate-limits';
import type { Answer, RequestContext, Route, RouteInput } from './route';
import { validate } from './validate';

const SLOW_REQUEST_MS = 10_000;
const STREAM_ACCESS_CHECK_MS = 5_000;
const MAX_REQUEST_ID_CHARS = 200;
const REQUEST_ID = /^[\x21-\x7e]+$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const NO_BODY = z.strictObject({});

export interface ServeDependencies {
  pool: Pool;
  access: Access;
  limits: RateLimits;
  log: Logger;
  /** Null: no traces. */
  tracing: Tracing | null;
  metrics: ProcessMetrics;
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
  const { log, tracing } = dependencies;
  const requestId = requestIdOf(request);
  const work = (): Promise<boolean> => respond(route, dependencies, request, response, requestId);
  // What everybody may ask, machines ask all the time.
  const traced = tracing !== null && route.auth !== 'public';
  const about = {
    method: route.method.toUpperCase(),
    route: route.path,
    requestId,
    headers: request.headers,
  };
  const ended = traced ? await tracing.request(about, response, work) : await work();
  if (!ended) return;
  const ms = performance.now() - started;
  dependencies.metrics.instruments.httpSeconds.observe(
    { method: route.method, route: route.path, status: response.statusCode },
    ms / 1_000,
  );
  if (ms > SLOW_REQUEST_MS)
    log.warn({ ...described(route, response, requestId), ms: Math.round(ms) }, 'slow request');
  else if (log.isLevelEnabled('debug'))
    log.debug({ ...described(route, response, requestId), ms: Math.round(ms) }, 'request');
}

/** @returns whether it is over; a stream's time says nothing */
async function respond(
  route: Route,
  dependencies: ServeDependencies,
  request: HttpRequest & { params: unknown },
  response: ServerResponse,
  requestId: string,
): Promise<boolean> {
  const { log } = dependencies;
  try {
    // Looked at once: who was let in without a record must not find one behind the door.
    const recordReady = dependencies.recordReady();
    const caller = await callerOf(route, dependencies, recordReady, request);
    if (route.auth !== 'public') dependencies.limits.takeCaller(caller, response);
    const takeUser = (userId: string): void => dependencies.limits.takeUser(caller, userId, response);
    const { namespace } = caller;
    const authenticated = (): Promise<boolean> => isAuthenticated(dependencies.access, request);
    const context = { requestId, namespace, caller, authenticated, log, newMessageId: randomUUID };
    const { answer, replayed } = await answerOf(route, dependencies, recordReady, request, context, takeUser);
    if (answer.stream) {
      await whileAllowed(answer.stream, dependencies.access, request, response);
      return false;
    }
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
  return true;
}

async function isAuthenticated(access: Access, request: HttpRequest): Promise<boolean> {
  try {
    await access.callerOf(request.headers);
    return true;
  } catch (thrown) {
    if (thrown instanceof DomainError || thrown instanceof UnavailableError) return false;
    throw thrown;
  }
}

/** A stream does not outlive its key by more than a moment. */
async function whileAllowed(
  stream: NonNullable<Answer['stream']>,
  access: Access,
  request: HttpRequest,
  response: ServerResponse,
): Promise<void> {
  const ask = (): void => {
    access.callerOf(request.headers).catch((thrown: unknown) => {
      if (thrown instanceof DomainError) response.end();
    });
  };
  const asking = setInterval(ask, STREAM_ACCESS_CHECK_MS);
  try {
    await stream(response);
  } finally {
    clearInterval(asking);
  }
}

/** Before the body is read: nobody makes us read or parse one without a key. */
async function callerOf(
  route: Route,
  { access }: ServeDependencies,
  recordReady: boolean,
  request: HttpRequest,
): Promise<Caller> {
  // Without a record nobody gets further than to hear what is wrong with the request.
  if (route.auth === 'public' || !recordReady) return access.anybody;
  const caller = await access.callerOf(request.headers, { takesToken: route.takesToken });
  requireScope(caller, route.auth);
  return caller;
}

async function answerOf(
  route: Route,
  dependencies: ServeDependencies,
  recordReady: boolean,
  request: HttpRequest & { params: unknown },
  context: RequestContext,
  takeUser: (userId: string) => void,
): Promise<{ answer: Answer; replayed: boolean }> {
  const target = request.url ?? '';
  const bodyless = route.method === 'get' || (route.method === 'delete' && !route.body);
  const takesBody = !bodyless && !route.streamedBody;
  const body = takesBody ? await readJsonBody(request, mayLackBody(route)) : null;
  const input = parseInput(route, request, body);
  if (!route.withoutRecord && !recordReady)
    throw new UnavailableError('postgres', 'the schema is not in place yet');
  // Null where it is not one user's data.
  const userId = typeof route.userOf === 'function' ? await route.userOf(input, context) : null;
  if (route.userOf !== 'nobody' && route.userOf !== 'handler') requireUser(context.caller, userId);
  if (userId !== null) takeUser(userId);
  if (route.streamedBody)
    return { answer: await route.handle({ ...input, body: request }, context), replayed: false };
  const key = route.method === 'post' ? idempotencyKeyOf(request.headers['idempotency-key']) : null;
  const { pool } = dependencies;
  const called = { route, input, context };
  if (key === null) return { answer: await answerFor(pool, called, userId), replayed: false };
  // Before the key is claimed: the claim would name the user, and a kept answer show what was theirs.
  const answer = userId === null ? null : await answerIfErased(pool, called, userId);
  if (answer) return { answer, replayed: false };
  const claim = {
    namespace: context.namespace,
    route: `${route.method.toUpperCase()} ${route.path}`,
    key,
    userId,
    bodyHash: requestHash(target, body?.raw ?? Buffer.alloc(0), askedBy(context.caller)),
  };
  const repeatable = { ...context, newMessageId: messageIdsOf(claim) };
  return once(pool, claim, context, async () => route.handle(input, repeatable));
}

function mayLackBody(route: Route): boolean {
  return route.body === undefined || route.bodyMayBeMissing === true;
}

/** An answer kept for one limited key is not another's. */
function askedBy({ keyId, userIds }: Caller): string {
  return userIds === null ? '' : String(keyId);
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
