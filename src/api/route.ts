import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Scope } from '../domain/api-key';
import type { Caller } from './access';

/** What a handler knows of its request beside the parsed input. */
export interface RequestContext {
  requestId: string;
  /** The namespace whose users this caller sees. */
  namespace: string;
  /** Who asks; on public routes, anybody. */
  caller: Caller;
  /** On public routes: whether the caller could call others too. */
  authenticated(): Promise<boolean>;
  log: Logger;
  /**
   * The next id for a message that came without one. Under an Idempotency-Key the ids follow from it, so that a request
   * run again because its first answer was lost (a crash, a deletion) finds its messages stored already.
   */
  newMessageId(): string;
}

export interface Answer {
  status: number;
  body: unknown;
  /** Sent instead of `body`, one JSON value a line, as they come. */
  lines?: AsyncIterable<unknown>;
  /** Answers by itself, for as long as it takes; what it throws before the head is answered as any error. */
  stream?: (response: ServerResponse) => Promise<void>;
}

export interface RouteInput<Params, Query, Body, Headers = unknown> {
  params: Params;
  query: Query;
  body: Body;
  headers: Headers;
}

/** A request and its answers, as the document shows them. */
export interface RouteExample {
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, unknown>>;
  /** Of a stream: one line. */
  body?: unknown;
  /** One for each status among the route's own; of a stream: one line, or one event. */
  answers: Readonly<Record<number, unknown>>;
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One route: the same schemas validate its requests and make its part of the OpenAPI document. */
export interface RouteDefinition<Params, Query, Body, Headers = unknown> {
  method: Method;
  /** With OpenAPI's braces: `/v1/conversations/{conversation_id}`. */
  path: string;
  tag: string;
  /** By default made of method and path. */
  operationId?: string;
  summary: string;
  description?: string;
  params?: z.ZodObject & z.ZodType<Params>;
  query?: z.ZodObject & z.ZodType<Query>;
  /** In lower case, as Node gives them. */
  headers?: z.ZodObject & z.ZodType<Headers>;
  /** Absent: the route needs no body. */
  body?: z.ZodType<Body>;
  /** Without a body it is asked the same as with an empty object. */
  bodyMayBeMissing?: true;
  /** The handler reads the body itself: it gets the request as `body`. What stands here is for the document. */
  streamedBody?: { mediaType: string; schema: z.ZodType };
  example: RouteExample;
  responses: Record<number, { description: string; schema: z.ZodType; mediaType?: string }>;
  /** It answers 404 where there is no such thing. By default what is named by a memory's or an import's id does. */
  mayBeMissing?: true;
  /** Answers even while the record is out of reach. */
  withoutRecord?: boolean;
  /** Who may call it: anybody, or who has a key of this scope. */
  auth: 'public' | Scope;
  /** Its clients send their key as `Authorization: Token KEY`; the other ways are taken too. */
  takesToken?: true;
  /**
   * Whose data it reads or writes: a key that is limited to users must be for this one, and erasing or deleting them
   * forgets kept answers too. null: the whole namespace, which is refused to such keys. `handler`: it checks `caller`
   * itself. `nobody`: it touches no user's data.
   */
  userOf:
    | ((
        input: RouteInput<Params, Query, Body, Headers>,
        asking: Pick<RequestContext, 'namespace' | 'caller'>,
      ) => string | null | Promise<string | null>)
    | 'handler'
    | 'nobody';
  /**
   * What becomes of it while that user's tombstone stands: a read finds nothing, a write is refused before it begins, or
   * `self`: its own transaction sees to it. By default what takes a `read` key, or is a GET, reads, and all else is
   * refused.
   */
  whenErased?: 'self';
  handle(input: RouteInput<Params, Query, Body, Headers>, context: RequestContext): Answer | Promise<Answer>;
}

/** See {@link RouteDefinition.whenErased}. */
export function whenErased(
  route: Pick<Route, 'auth' | 'method' | 'whenErased'>,
): 'reads nothing' | 'refused' | 'self' {
  const reads = route.auth === 'read' || route.method === 'get';
  return route.whenErased ?? (reads ? 'reads nothing' : 'refused');
}

/** A route whose input types only its own handler knows. */
export type Route = RouteDefinition<unknown, unknown, unknown>;

/** Ties a route's handler to its schemas. */
export function defineRoute<Params = unknown, Query = unknown, Body = unknown, Headers = unknown>(
  definition: RouteDefinition<Params, Query, Body, Headers>,
): Route {
  // Sound: the handler is only ever given what the schemas beside it have parsed.
  return definition as unknown as Route;
}
