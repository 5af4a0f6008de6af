import express, { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import { DomainError, notFound } from '../domain/errors';
import { allowPages } from './cors';
import type { ApiDependencies } from './dependencies';
import { docsRouter } from './docs';
import { openApiDocument } from './openapi';
import { mem0Routes } from './mem0/routes';
import type { Method, Route } from './route';
import { contextRoutes } from './routes/context';
import { conversationTurnRoutes } from './routes/conversation-turns';
import { conversationRoutes } from './routes/conversations';
import { healthRoutes } from './routes/health';
import { importRoutes } from './routes/imports';
import { injectionRoutes } from './routes/injections';
import { maintenanceRoutes } from './routes/maintenance';
import { memoryRoutes } from './routes/memories';
import { metricsRoutes } from './routes/metrics';
import { orchestratorRoutes } from './routes/orchestrator';
import { reindexRoutes } from './routes/reindex';
import { retrieveRoutes } from './routes/retrieve';
import { storeRoutes } from './routes/store';
import { summaryRoutes } from './routes/summaries';
import { personaRoutes } from './routes/personas';
import { userRoutes } from './routes/users';
import { requestIdOf, sendProblem, serve } from './serve';

const API_VERSION = '1';
const DOCUMENTS = ['/docs', '/openapi.json'];

/** Every route of our own, those that take the most traffic first. */
export function apiRoutes(deps: ApiDependencies): Route[] {
  return [
    ...orchestratorRoutes(deps),
    ...conversationRoutes(deps),
    ...conversationTurnRoutes(deps),
    ...injectionRoutes(deps),
    ...storeRoutes(deps),
    ...retrieveRoutes(deps),
    ...contextRoutes(deps),
    ...memoryRoutes(deps),
    ...userRoutes(deps),
    ...summaryRoutes(deps),
    ...personaRoutes(deps),
    ...importRoutes(deps),
    ...maintenanceRoutes(deps),
    ...reindexRoutes(deps),
    ...healthRoutes(deps),
    ...metricsRoutes(deps),
  ];
}

/** The Express application, without a listener. Errors of any kind leave it as problem documents. */
export function createApp(deps: ApiDependencies): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  // Each route parses its own query, strictly.
  app.set('query parser', false);

  if (deps.pageOrigins === '*' || deps.pageOrigins.size > 0) app.use(allowPages(deps.pageOrigins));
  const routes = apiRoutes(deps);
  const mem0 = mem0Routes(deps);
  // Before ours, which do not mind a slash at the end: these want theirs.
  const strict = Router({ strict: true, caseSensitive: true });
  mount(strict, mem0, deps);
  app.use((request, response, next) =>
    request.path.endsWith('/') ? strict(request, response, next) : next(),
  );
  const documented = [...routes, ...mem0];
  app.use(docsRouter(() => openApiDocument(documented, API_VERSION)));
  mount(app, routes, deps);
  for (const document of DOCUMENTS)
    app.all(document, (request, response) => answerOtherMethod(request, response, ['get'], deps));
  app.use((request: Request, response: Response) => {
    const error = notFound('There is no such route. GET /docs lists them.');
    sendProblem(response, error, requestIdOf(request), deps.log);
  });
  // Express tells an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    sendProblem(response, error, requestIdOf(request), deps.log);
  });
  return app;
}

/** Serves routes, and answers other methods of their paths with what there is. */
function mount(on: Router, routes: readonly Route[], deps: ApiDependencies): void {
  const allowed = new Map<string, Method[]>();
  for (const route of routes) {
    const pattern = expressPath(route.path);
    on[route.method](pattern, (request, response) => serve(route, deps, request, response));
    allowed.set(pattern, [...(allowed.get(pattern) ?? []), route.method]);
  }
  for (const [pattern, methods] of allowed)
    on.all(pattern, (request, response) => answerOtherMethod(request, response, methods, deps));
}

function answerOtherMethod(
  request: Request,
  response: Response,
  methods: readonly Method[],
  deps: ApiDependencies,
): void {
  const names = [
    ...methods.map((method) => method.toUpperCase()),
    ...(methods.includes('get') ? ['HEAD'] : []),
    'OPTIONS',
  ];
  response.setHeader('Allow', names.join(', '));
  const requestId = requestIdOf(request);
  if (request.method === 'OPTIONS') {
    response.writeHead(204, { 'X-Request-Id': requestId }).end();
    return;
  }
  const error = new DomainError(405, 'Method not allowed', `This route answers ${names.join(', ')}.`);
  sendProblem(response, error, requestId, deps.log);
}

/** OpenAPI writes `{name}` where Express writes `:name`. */
function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
