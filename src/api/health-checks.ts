import { z } from 'zod';
import { ensureError } from '../domain/errors';

export const HEALTH_PARTS = ['postgres', 'temporal', 'weaviate', 'worker', 'embedder', 'llm'] as const;
export type HealthPart = (typeof HEALTH_PARTS)[number];

const CHECK_DEADLINE_MS = 2_000;
/** Longer reasons are cut: they come from other programs. */
const MAX_DETAIL_CHARS = 300;

/** One part's check: resolves (with a word on how it is) when well, throws the reason when not; `off` is no defect. */
export type HealthCheck = 'off' | (() => Promise<string | void>);
export type HealthChecks = Record<HealthPart, HealthCheck>;

const partHealth = z.object({ status: z.enum(['ok', 'off', 'failing']), detail: z.string().optional() });
const parts = Object.fromEntries(HEALTH_PARTS.map((part) => [part, partHealth])) as Record<
  HealthPart,
  typeof partHealth
>;

export const fullHealth = z
  .object({
    status: z.enum(['ok', 'degraded', 'unhealthy']),
    time: z.string().meta({ format: 'date-time' }),
    checks: z.object(parts),
  })
  .meta({ id: 'FullHealth' });
type PartHealth = z.output<typeof partHealth>;

/** Checks every part at once, each with a short deadline. Only the record is needed to accept messages. */
export async function checkHealth(
  checks: HealthChecks,
  deadlineMs = CHECK_DEADLINE_MS,
): Promise<z.output<typeof fullHealth>> {
  const results = await Promise.all(
    HEALTH_PARTS.map(async (part) => [part, await checkOne(checks[part], deadlineMs)] as const),
  );
  const byPart = Object.fromEntries(results) as Record<HealthPart, PartHealth>;
  const failing = HEALTH_PARTS.filter((part) => byPart[part].status === 'failing');
  const status = failing.length === 0 ? 'ok' : failing.includes('postgres') ? 'unhealthy' : 'degraded';
  return { status, time: new Date().toISOString(), checks: byPart };
}

async function checkOne(check: HealthCheck, deadlineMs: number): Promise<PartHealth> {
  if (check === 'off') return { status: 'off' };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    const detail = await Promise.race([check(), late]);
    return detail ? { status: 'ok', detail } : { status: 'ok' };
  } catch (thrown) {
    return { status: 'failing', detail: ensureError(thrown).message.slice(0, MAX_DETAIL_CHARS) };
  } finally {
    clearTimeout(timer);
  }
}
