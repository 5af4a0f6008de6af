import type { Pool } from 'pg';
import { erasedUser } from '../domain/errors';
import { isErased } from '../record/erasures';
import { whenErased, type Answer, type RequestContext, type Route, type RouteInput } from './route';

/** Of the shape of no namespace: whoever is looked for in it is unknown. */
const NOBODYS_NAMESPACE = '';

interface Request {
  route: Route;
  input: RouteInput<unknown, unknown, unknown>;
  context: RequestContext;
}

/** Runs a route's handler; for a user whose tombstone stands a read finds nothing, and a write is refused. */
export async function answerFor(pool: Pool, request: Request, userId: string | null): Promise<Answer> {
  const { route, input, context } = request;
  const behaviour = whenErased(route);
  if (userId === null || behaviour === 'self') return route.handle(input, context);
  if (behaviour === 'refused')
    return (await answerIfErased(pool, request, userId)) ?? route.handle(input, context);
  // Looked for beside the read: it costs no time.
  const [erased, answer] = await Promise.allSettled([
    answerIfErased(pool, request, userId),
    route.handle(input, context),
  ]);
  if (erased.status === 'rejected') throw erased.reason;
  if (erased.value) return erased.value;
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

/**
 * What an erased user's request is answered with; null for any other's.
 * @throws DomainError 410 for a write
 */
export async function answerIfErased(
  pool: Pool,
  { route, input, context }: Request,
  userId: string,
): Promise<Answer | null> {
  if (!(await isErased(pool, { namespace: context.namespace, userId }))) return null;
  if (whenErased(route) !== 'reads nothing') throw erasedUser();
  return route.handle(input, { ...context, namespace: NOBODYS_NAMESPACE });
}
