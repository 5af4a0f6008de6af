import type { RequestHandler } from 'express';
import type { PageOrigins } from '../domain/page-origins';
import { requestIdOf } from './serve';

/** What a page may read of an answer beside its body. */
const EXPOSED_HEADERS =
  'Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id';
const METHODS = 'GET, POST, PUT, PATCH, DELETE';
/** For so long a browser need not ask again; none takes more. */
const PREFLIGHT_FRESH_SECONDS = 7_200;

/**
 * Lets web pages of these origins call the API: browsers ask for it before they do, and before they show a page an
 * answer. Any header may be sent, for a key is one: there are no cookies that a page could abuse.
 */
export function allowPages(origins: PageOrigins): RequestHandler {
  return (request, response, next) => {
    const { origin, 'access-control-request-method': wanted } = request.headers;
    response.setHeader('Vary', 'Origin');
    if (origin === undefined || (origins !== '*' && !origins.has(origin))) return next();
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    if (request.method !== 'OPTIONS' || wanted === undefined) return next();
    const headers = request.headers['access-control-request-headers'];
    response
      .writeHead(204, {
        'Access-Control-Allow-Methods': METHODS,
        ...(headers === undefined ? {} : { 'Access-Control-Allow-Headers': headers }),
        'Access-Control-Max-Age': PREFLIGHT_FRESH_SECONDS,
        'X-Request-Id': requestIdOf(request),
      })
      .end();
  };
}
