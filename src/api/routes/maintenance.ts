import { z } from 'zod';
import { MAINTENANCE_JOBS } from '../../../workflows/maintenance.contract';
import type { ApiDependencies } from '../dependencies';
import * as examples from '../examples/upkeep';
import { defineRoute, type Route } from '../route';
import { workflowLink } from '../schemas/answers';
import { id } from '../schemas/fields';

const request = z
  .strictObject({
    job: z.enum(MAINTENANCE_JOBS),
    dry_run: z.boolean().nullish().meta({ description: 'Count, and change nothing' }),
    user_id: id.nullish().meta({ description: 'This user alone' }),
  })
  .meta({ id: 'MaintenanceRequest' });
const ran = { job: z.enum(MAINTENANCE_JOBS), dry_run: z.boolean(), ...workflowLink };

/** `POST /v1/maintenance`. */
export function maintenanceRoutes(deps: ApiDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/maintenance',
      auth: 'admin',
      tag: 'upkeep',
      summary: 'Run a maintenance job now',
      description:
        'expire removes what is past its time to live, or was deleted, for good; compact merges memories that say the same; promote makes what is a week old, and in an episode that has ended, long-term. Each also runs by a schedule.',
      body: request,
      example: examples.maintenance,
      responses: {
        200: {
          description: 'Done',
          schema: z
            .object({ ...ran, status: z.literal('completed'), counts: z.record(z.string(), z.int()) })
            .meta({ id: 'MaintenanceDone' }),
        },
        202: {
          description: 'Still at work; its workflow says how far it is',
          schema: z.object({ ...ran, status: z.literal('running') }).meta({ id: 'MaintenanceRunning' }),
        },
      },
      userOf: ({ body }) => body.user_id ?? null,
      async handle({ body }, { namespace }) {
        const dryRun = body.dry_run ?? false;
        const { workflowId, counts } = await deps.runMaintenance(
          { job: body.job, dryRun, namespace, userId: body.user_id ?? null },
          deps.storeWaitMs,
        );
        const url = deps.workflowUrl(workflowId);
        const link = { workflow_id: workflowId, ...(url === undefined ? {} : { workflow_url: url }) };
        const said = { job: body.job, dry_run: dryRun, ...link };
        return counts === null
          ? { status: 202, body: { ...said, status: 'running' } }
          : { status: 200, body: { ...said, status: 'completed', counts } };
      },
    }),
  ];
}
