import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import type { z } from 'zod';
import { PROBLEMS } from './examples/problems';
import { PROBLEM_TYPE } from './problem';
import { problem } from './schemas/answers';
import { whenErased, type Route, type RouteExample } from './route';

const JSON_TYPE = 'application/json';

/** The OpenAPI 3.1 document of these routes, made from the schemas that validate them. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of `agentic-memories keys create`; none is needed on loopback until one is made',
  });
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
  registry.registerComponent('securitySchemes', 'token', {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '`Token KEY`, as mem0’s clients send it',
  });
  for (const route of routes) {
    registry.registerPath({
      method: route.method,
      path: route.path,
      tags: [route.tag],
      summary: route.summary,
      operationId: route.operationId ?? operationId(route),
      security: securityOf(route),
      ...(route.auth === 'public' ? {} : { 'x-scope': route.auth }),
      ...(route.description ? { description: route.description } : {}),
      request: {
        ...(route.params ? { params: route.params } : {}),
        ...(route.query ? { query: route.query } : {}),
        ...(route.headers ? { headers: route.headers } : {}),
        ...bodyOf(route),
      },
      responses: responsesOf(route),
    });
  }
  const generator = new OpenApiGeneratorV31(registry.definitions);
  const document = generator.generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Agentic Memories',
      version,
      description: 'Durable memory for chatbots: store conversations, recall what matters.',
    },
    servers: [{ url: '/' }],
  });
  for (const { method, path, example } of routes)
    for (const parameter of document.paths?.[path]?.[method]?.parameters ?? [])
      if ('in' in parameter) showExample(parameter, example);
  return document;
}

function showExample(
  parameter: { name: string; in: string; example?: unknown },
  { params, query, headers }: RouteExample,
): void {
  const given: Record<string, Readonly<Record<string, unknown>> | undefined> = {
    path: params,
    query,
    header: headers,
  };
  const value = given[parameter.in]?.[parameter.name];
  if (value !== undefined) parameter.example = value;
}

function securityOf(route: Route): Record<string, string[]>[] {
  if (route.auth === 'public') return [];
  return [{ bearer: [] }, { apiKey: [] }, ...(route.takesToken ? [{ token: [] }] : [])];
}

function bodyOf(route: Route): object {
  const { mediaType, schema } = route.streamedBody ?? { mediaType: JSON_TYPE, schema: route.body };
  const content = { [mediaType]: { schema, example: route.example.body } };
  return schema ? { body: { required: !route.bodyMayBeMissing, content } } : {};
}

interface DocumentedResponse {
  description: string;
  content: Record<string, { schema: z.ZodType; example: unknown }>;
}

function responsesOf(route: Route): Record<string, DocumentedResponse> {
  const own = Object.entries(route.responses).map(([status, { description, schema, mediaType }]) => {
    const example = route.example.answers[Number(status)];
    return [status, { description, content: { [mediaType ?? JSON_TYPE]: { schema, example } } }] as const;
  });
  const problems = problemStatusesOf(route)
    .filter((status) => !(status in route.responses))
    .map((status) => {
      const { description, example } = PROBLEMS[status]!;
      const content = { [PROBLEM_TYPE]: { schema: problem, example } };
      return [String(status), { description, content }] as const;
    });
  return Object.fromEntries([...own, ...problems]);
}

function problemStatusesOf(route: Route): number[] {
  if (route.withoutRecord) return [];
  const bodyless = route.method === 'get' || (route.method === 'delete' && !route.body);
  const validated = [400, 401, 403, 422, 429, 503];
  const single = route.mayBeMissing || /\{(memory|import)_id\}/.test(route.path) ? [404] : [];
  const refused =
    typeof route.userOf === 'function' &&
    whenErased(route) !== 'reads nothing' &&
    route.path !== '/v1/users/{user_id}'
      ? [410]
      : [];
  return [...validated, ...single, ...refused, ...(bodyless ? [] : [409, 413, 415])];
}

function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/(v1\/)?/, '')
    .split(/[^a-z_]+/)
    .filter(Boolean);
  return [method, ...words].join('_').replaceAll('__', '_');
}
