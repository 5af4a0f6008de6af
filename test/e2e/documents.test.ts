import { apiClient, type ApiClient } from '../support/api-client';
import { ownEnvironment, startReadyApi, type ApiProcess } from '../support/stack';

let process_: ApiProcess;
let api: ApiClient;
beforeAll(async () => {
  process_ = await startReadyApi({ env: ownEnvironment({ EMBEDDER: 'none' }) });
  api = apiClient(process_.url);
}, 60_000);
afterAll(async () => {
  await process_?.stop();
}, 30_000);

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  responses: Record<string, { content: Record<string, unknown> }>;
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
