import type { Pool } from 'pg';
import type { AcceptedFact } from '../domain/extraction';
import { uuidV5 } from '../domain/ids';
import type { Memory } from '../domain/memory';
import { saidAt, type ConversationRef } from '../domain/message';
import type { ToldPersonas } from '../domain/unsure-personas';
import { conversationState } from './conversations';
import { markEpisodesStale } from './episodes';
import { finishWindow, lockWindow, type ExtractionWindow } from './extraction-windows';
import { markIndexPending } from './index-pending';
import { LIVE_MEMORY, saveMemories } from './memories';
import { forgetModelResults } from './model-results';
import { run, transaction, type Queryable } from './pool';
import { unfitMemories } from './raw-memories';
import { markTiersPending } from './tier-marks';
import { saveToldPersonas } from './told-personas';

/** Only so many facts of a user are compared with what comes. */
const MAX_COMPARED_FACTS = 500;
const DEFAULT_PERSONA = 'identity';

const NEWEST = {
  name: 'newest-facts',
  text: `SELECT id FROM memories WHERE namespace = $1 AND user_id = $2 AND tier = 'fact' AND ${LIVE_MEMORY}
          ORDER BY created_at DESC, id LIMIT ${MAX_COMPARED_FACTS}`,
};

/** The ids of a user's newest facts. */
export async function newestFacts(
  on: Queryable,
  owner: { namespace: string; userId: string },
): Promise<string[]> {
  const result = await run<{ id: string }>(on, NEWEST, [owner.namespace, owner.userId]);
  return result.rows.map((row) => row.id);
}

// Whoever deletes one of them waits, and then finds the facts that were read from it.
const HOLD_SOURCES = {
  name: 'hold-extraction-sources',
  text: `SELECT id FROM memories
          WHERE namespace = $1 AND user_id = $2 AND conversation_id = $3 AND tier = 'raw'
            AND first_seq <= $5 AND last_seq >= $4 ORDER BY id FOR SHARE`,
};
const SUPERSEDE = {
  name: 'supersede-memory',
  text: `UPDATE memories SET superseded_by = $4
          WHERE namespace = $1 AND user_id = $2 AND id = $3 AND tier = 'fact' AND ${LIVE_MEMORY}`,
};

/** What a language model has read from a window. */
export interface ExtractedFacts {
  facts: readonly AcceptedFact[];
  personas: readonly ToldPersonas[];
  existingChecked: number;
  duplicatesAvoided: number;
  /** Where it is kept until it is used, and which model said it. */
  resultKey: string;
  model: string;
}

/** What has changed with it. */
export interface ExtractionChanges {
  /** Memories whose index objects change. */
  reindexed: string[];
  /** Summaries are behind: memories of theirs have other personas. */
  tiersBehind: boolean;
}

/**
 * Stores what was read from a window, supersedes what it takes the place of, and ends the window, all at once: again
 * is harmless. Facts whose messages were deleted meanwhile are left out.
 */
export async function saveExtractedFacts(
  pool: Pool,
  window: { ref: ConversationRef } & ExtractionWindow,
  extracted: ExtractedFacts,
): Promise<ExtractionChanges> {
  const { ref, firstSeq, lastSeq } = window;
  const owner = { namespace: ref.namespace, userId: ref.userId };
  return transaction(pool, async (client) => {
    const nothing = { reindexed: [], tiersBehind: false };
    if (!(await lockWindow(client, ref, firstSeq))) return nothing;
    const state = await conversationState(client, ref);
    if (!state) return nothing;
    await run(client, HOLD_SOURCES, [ref.namespace, ref.userId, ref.conversationId, firstSeq, lastSeq]);
    const { turns: gone } = await unfitMemories(client, ref, firstSeq, lastSeq);
    const kept = extracted.facts.filter((fact) => fact.sources.every((turn) => !gone.has(turn.seq)));
    const memories = kept.map((fact, place) =>
      memoryOf(
        fact,
        ref,
        uuidV5([
          'fact',
          ref.namespace,
          ref.userId,
          ref.conversationId,
          firstSeq,
          lastSeq,
          place,
          state.eraseEpoch,
        ]),
      ),
    );
    await saveMemories(client, owner, memories);
    const changed = memories.map((memory) => memory.id);
    let updatesMade = 0;
    for (const [place, { supersedes }] of kept.entries()) {
      if (supersedes === null) continue;
      const values = [owner.namespace, owner.userId, supersedes, memories[place]!.id];
      if ((await run(client, SUPERSEDE, values)).rowCount !== 1) continue;
      updatesMade += 1;
      changed.push(supersedes);
    }
    await markIndexPending(client, owner, changed);
    const { existingChecked, duplicatesAvoided, resultKey } = extracted;
    await finishWindow(client, ref, firstSeq, { existingChecked, updatesMade, duplicatesAvoided });
    await forgetModelResults(client, owner, resultKey);
    const retagged = await saveToldPersonas(client, owner, extracted.personas, extracted.model);
    const tiersBehind = retagged.length > 0 && (await markEpisodesStale(client, owner, retagged));
    if (tiersBehind) await markTiersPending(client, owner);
    return { reindexed: changed, tiersBehind };
  });
}

function memoryOf(fact: AcceptedFact, ref: ConversationRef, id: string): Memory {
  const last = fact.sources.at(-1)!;
  const messageIds = fact.sources.map((turn) => turn.messageId);
  return {
    namespace: ref.namespace,
    userId: ref.userId,
    id,
    tier: 'fact',
    layer: fact.layer,
    type: fact.type,
    content: fact.content,
    conversationId: ref.conversationId,
    firstSeq: null,
    lastSeq: null,
    sourceMessageIds: messageIds,
    importance: fact.importance,
    personaTags: fact.personaTags.length > 0 ? fact.personaTags : [DEFAULT_PERSONA],
    emotionalSignature: fact.emotionalSignature,
    metadata: {
      conversation_id: ref.conversationId,
      message_ids: messageIds,
      ...(fact.validFrom ? { valid_from: fact.validFrom.toISOString() } : {}),
      ...(fact.supersedes ? { supersedes: fact.supersedes } : {}),
      ...(fact.portfolio ? { portfolio: fact.portfolio } : {}),
    },
    createdAt: saidAt(last),
    storedAt: last.storedAt,
  };
}
