import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { apiClient, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

let process_: ApiProcess;
let api: ApiClient;
beforeAll(async () => {
  process_ = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none', STORE_WAIT_MS: '1' }) });
  api = apiClient(process_.url);
}, 60_000);
afterAll(async () => {
  await process_?.stop();
}, 30_000);

interface Content {
  schema: object;
  example?: unknown;
}

interface Operation {
  operationId: string;
  parameters?: {
    name: string;
    in: 'path' | 'query' | 'header';
    required: boolean;
    schema: object;
    example?: unknown;
  }[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { content: Record<string, Content> }>;
}

interface DocumentedRoute {
  method: string;
  path: string;
  operation: Operation;
}

function routesOf(document: { paths: Record<string, Record<string, Operation>> }): DocumentedRoute[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
}

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 and has every route', async () => {
    const { status, headers, body } = await api.get('/openapi.json');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body.openapi).toBe('3.1.0');
    const routes = Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(
      ([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(routes.sort()).toEqual(
      expect.arrayContaining([
        'delete /v1/memories/{memory_id}',
        'get /health',
        'get /health/full',
        'get /v1/conversations/{conversation_id}',
        'get /v1/memories/{memory_id}',
        'get /v1/retrieve',
        'get /v1/users/{user_id}/conversations',
        'post /v1/conversations/{conversation_id}/flush',
        'post /v1/conversations/{conversation_id}/messages',
        'post /v1/conversations/{conversation_id}/retry',
        'post /v1/orchestrator/message',
        'post /v1/orchestrator/retrieve',
        'post /v1/orchestrator/transcript',
        'post /v1/retrieve',
        'post /v1/store',
        'put /v1/conversations/{conversation_id}/policy',
      ]),
    );
  });
  it('is made from what validates: limits, strictness, problems', async () => {
    const { body } = await api.get('/openapi.json');
    const { schemas } = body.components;
    expect(schemas.StoreRequest.properties.user_id).toMatchObject({
      type: 'string',
      minLength: 1,
      maxLength: 200,
    });
    expect(schemas.StoreRequest.required.sort()).toEqual(['history', 'user_id']);
    expect(schemas.StoreRequest.properties.history).toMatchObject({
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
    });
    expect(schemas.StoreRequest.additionalProperties).toBeUndefined();
    expect(schemas.AppendRequest.additionalProperties).toBe(false);
    expect(schemas.HistoryMessage.properties.content).toMatchObject({ minLength: 1, maxLength: 32_768 });
    const get = body.paths['/v1/retrieve'].get as Operation;
    expect(get.parameters?.find((one) => one.name === 'limit')).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 1_000 },
    });
    const store = body.paths['/v1/store'].post as Operation;
    expect(Object.keys(store.responses)).toEqual(
      expect.arrayContaining(['200', '202', '400', '409', '413', '415', '422', '503']),
    );
    expect(Object.keys(store.responses['422']!.content)).toEqual(['application/problem+json']);
  });
  it.each([
    ['POST', '/v1/conversations/{conversation_id}/retry', '/v1/conversations/none/retry?user_id=nobody'],
    ['GET', '/v1/reindex', '/v1/reindex?user_id=nobody'],
  ])('%s %s: says that there may be none', async (method, path, url) => {
    const { body } = await api.get('/openapi.json');
    const { status } = await api.send(method, url);
    expect(status).toBe(404);
    expect(body.paths[path][method.toLowerCase()].responses).toHaveProperty(String(status));
  });
  it('refers to nothing that is missing, and names each operation once', async () => {
    const { body } = await api.get('/openapi.json');
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(body.components.schemas).toHaveProperty(name!);
    const ids = Object.values(body.paths as Record<string, Record<string, Operation>>).flatMap((path) =>
      Object.values(path).map((one) => one.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, operations] of Object.entries(
      body.paths as Record<string, Record<string, Operation>>,
    )) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(operations)) {
        const declared = (operation.parameters ?? [])
          .filter((one) => one.in === 'path')
          .map((one) => one.name);
        expect({ path, declared }).toEqual({ path, declared: named });
      }
    }
  });
});

describe('examples', () => {
  it('stand at every route: what it needs to be asked, its body, and each of its answers; all as their schemas say', async () => {
    const { body: document } = await api.get('/openapi.json');
    const closed = closedObjects(document) as typeof document;
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addSchema(closed, 'document');
    const wrong: unknown[] = [];
    const check = (where: string, { schema, example }: Content): void => {
      if (example === undefined) wrong.push({ where, message: 'has no example' });
      else if (!ajv.validate(absolute(schema) as object, example))
        wrong.push(...ajv.errors!.map(({ instancePath, message }) => ({ where, instancePath, message })));
    };
    for (const { method, path, operation } of routesOf(closed)) {
      const where = `${method} ${path}`;
      for (const parameter of operation.parameters ?? [])
        if (parameter.required || parameter.example !== undefined)
          check(`${where} ${parameter.name}`, parameter);
      for (const content of Object.values(operation.requestBody?.content ?? {})) check(where, content);
      for (const [status, response] of Object.entries(operation.responses))
        for (const content of Object.values(response.content)) check(`${where} ${status}`, content);
    }
    expect(wrong).toEqual([]);
  });

  it('are taken by the server as they stand', async () => {
    const { body: document } = await api.get('/openapi.json');
    // What takes away goes last, and users after what is theirs.
    const rank = ({ method, path }: DocumentedRoute): number =>
      method === 'delete' ? (/\/(users|entities)\//.test(path) ? 2 : 1) : 0;
    const routes = routesOf(document).sort((a, b) => rank(a) - rank(b));
    const refused: unknown[] = [];
    for (const { method, path, operation } of routes) {
      if (path.endsWith('/injections')) continue;
      const { url, body, headers } = exampleRequest(path, operation);
      const { status, body: said } = await api.send(method.toUpperCase(), url, body, headers);
      // What is known by an id that the server gives is another's here.
      const unknown = /\{(memory|import)_id\}|\/batch\//.test(path) ? [404] : [];
      // Nobody indexes here, and what is on its way is waited for before all memories of a user are deleted.
      const waiting = method === 'delete' && path === '/v1/memories/' ? [503] : [];
      const expected = [200, 201, 202, ...unknown, ...waiting].filter(
        (one) => String(one) in operation.responses,
      );
      if (!expected.includes(status)) refused.push({ method, url, status, said });
    }
    expect(refused).toEqual([]);
  });
});

/** The request that a route's examples make up. */
function exampleRequest(
  path: string,
  { parameters = [], requestBody }: Operation,
): { url: string; body?: unknown; headers: Record<string, string> } {
  const valuesIn = (place: string): [string, string][] =>
    parameters.flatMap((one) =>
      one.in === place && one.example !== undefined ? [[one.name, String(one.example)]] : [],
    );
  const inPath = new Map(valuesIn('path'));
  const query = new URLSearchParams(valuesIn('query')).toString();
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(inPath.get(name)!));
  const [mediaType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  return {
    url: query === '' ? filled : `${filled}?${query}`,
    body: content && JSON.stringify(content.example),
    headers: {
      ...Object.fromEntries(valuesIn('header')),
      ...(mediaType ? { 'Content-Type': mediaType } : {}),
    },
  };
}

/** A copy whose objects hold nothing but what they name, so that an example is told from what has been renamed. */
function closedObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedObjects);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'example' ? one : closedObjects(one)]),
  );
  return 'properties' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
}

/** A schema whose references are into the document as `document`. */
function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === '$ref' ? `document${one as string}` : absolute(one),
    ]),
  );
}

describe('/docs', () => {
  it('is a page whose every part comes from here', async () => {
    const page = await api.get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const parts = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(parts.length).toBeGreaterThanOrEqual(3);
    for (const part of parts) {
      expect(part).toMatch(/^\/docs\//);
      const answer = await fetch(process_.url + part);
      expect({ part, status: answer.status }).toEqual({ part, status: 200 });
      expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(50);
    }
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  });
});
