import { z } from 'zod';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/upkeep';
import { defineRoute, type Route } from '../route';

const MEDIA_TYPE = 'text/plain';

/** `GET /metrics`. */
export function metricsRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/metrics',
      // Figures of all namespaces: not for every key's holder.
      auth: 'admin',
      userOf: 'nobody',
      tag: 'health',
      summary: 'Figures of this process and of what waits, for Prometheus',
      withoutRecord: true,
      example: examples.metrics,
      responses: {
        200: { description: 'Prometheus’ text format', schema: z.string(), mediaType: MEDIA_TYPE },
      },
      async handle(_input, { requestId }) {
        const text = await deps.metrics.registry.metrics();
        return {
          status: 200,
          body: null,
          stream: async (response) => {
            response
              .writeHead(200, {
                'Content-Type': deps.metrics.registry.contentType,
                'Cache-Control': 'no-store',
                'X-Content-Type-Options': 'nosniff',
                'X-Request-Id': requestId,
              })
              .end(text);
          },
        };
      },
    }),
  ];
}
