import { z } from 'zod';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/upkeep';
import { checkHealth, fullHealth } from '../health-checks';
import { defineRoute, type Route } from '../route';

const liveness = z
  .object({ status: z.literal('ok'), time: z.string().meta({ format: 'date-time' }) })
  .meta({ id: 'Liveness' });

/** Liveness, which touches nothing, and the health of every part. */
export function healthRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/health',
      auth: 'public',
      userOf: 'nobody',
      tag: 'health',
      summary: 'Whether this process is alive',
      withoutRecord: true,
      example: examples.health,
      responses: { 200: { description: 'Alive', schema: liveness } },
      handle: () => ({ status: 200, body: { status: 'ok', time: new Date().toISOString() } }),
    }),
    defineRoute({
      method: 'get',
      path: '/health/full',
      auth: 'public',
      userOf: 'nobody',
      tag: 'health',
      summary: 'The health of every part',
      withoutRecord: true,
      example: examples.fullHealth,
      responses: {
        200: { description: 'Messages are accepted', schema: fullHealth },
        503: { description: 'The record is out of reach', schema: fullHealth },
      },
      async handle(_input, { authenticated }) {
        const [health, detailed] = await Promise.all([
          checkHealth(deps.health),
          deps.showHealthDetails || authenticated(),
        ]);
        const body = detailed ? health : withoutDetails(health);
        return { status: health.status === 'unhealthy' ? 503 : 200, body };
      },
    }),
  ];
}

function withoutDetails(health: z.output<typeof fullHealth>): object {
  const checks = Object.entries(health.checks).map(([part, { status }]) => [part, { status }]);
  return { ...health, checks: Object.fromEntries(checks) };
}
