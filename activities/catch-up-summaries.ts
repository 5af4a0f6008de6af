import { log } from '@temporalio/activity';
import { UnavailableError, ensureError } from '../src/domain/errors';
import { overdueEpisodes, staleEpisodes } from '../src/record/episodes';
import { usersWithTellingsDue } from '../src/record/tellings';
import { usersLeftBehind } from '../src/record/tier-marks';
import { TELL_SOON_MS } from '../src/temporal/tiers-signals';
import type { ActivityDependencies } from './dependencies';
import { summarizeEpisodes } from './summarize-episodes';

/** Longer than a step takes from cutting an episode to its summary. */
const STALE_AFTER_MS = 5_000;
const OVERDUE_AFTER_MS = 10_000;
const LEFT_AFTER_MS = 5_000;
const EPISODES_A_SWEEP = 200;
const CONVERSATIONS_A_SWEEP = 200;
const USERS_A_SWEEP = 50;
/** A sweep has more to do than this. */
const MAX_MS = 15_000;

/**
 * Summaries catch up by themselves: those of talk that has gone quiet before it grew enough, those whose step was cut
 * short by a crash, episodes whose end nobody noticed, and arcs nobody was told of.
 */
export async function catchUpSummaries(dependencies: ActivityDependencies): Promise<void> {
  const { pool, announcer, tiersTeller } = dependencies;
  for (const { ref, dueThrough } of await overdueEpisodes(pool, OVERDUE_AFTER_MS, CONVERSATIONS_A_SWEEP))
    announcer.announce(ref, { throughSeq: dueThrough, late: true });
  const until = Date.now() + MAX_MS;
  for (const episode of await staleEpisodes(pool, STALE_AFTER_MS, EPISODES_A_SWEEP)) {
    if (Date.now() > until) break;
    try {
      await summarizeEpisodes(dependencies, [episode]);
    } catch (thrown) {
      if (thrown instanceof UnavailableError) throw thrown;
      log.error('an episode could not be summarized', { error: ensureError(thrown) });
    }
  }
  for (const owner of await usersLeftBehind(pool, LEFT_AFTER_MS, USERS_A_SWEEP))
    tiersTeller.tell(owner, TELL_SOON_MS);
  if (dependencies.extraction === null) return;
  for (const owner of await usersWithTellingsDue(pool, USERS_A_SWEEP)) tiersTeller.tell(owner, TELL_SOON_MS);
}
