import type { DatedTrade } from '../domain/holdings/net';
import { tradesIn, type Trade } from '../domain/holdings/trades';
import type { PersonaTag } from '../domain/persona-tags';
import { run, type Queryable } from './pool';

/** A trade with when the turn that tells of it was said. */
export interface SaidTrade extends Trade {
  saidAt: Date;
}

/** What a raw memory was read as. */
export interface MemoryReading {
  personas: readonly PersonaTag[];
  trades: readonly SaidTrade[];
}

interface Owner {
  namespace: string;
  userId: string;
}

const ANEW = {
  name: 'read-trades-anew',
  text: `UPDATE memory_readings SET trades = coalesce(trades, '[]')
          WHERE namespace = $1 AND user_id = $2 AND memory_id = $3`,
};

/** Has tradesOf read a memory whose content was changed by hand, whatever it told of before. */
export async function readTradesAnew(on: Queryable, owner: Owner, memoryId: string): Promise<void> {
  await run(on, ANEW, [owner.namespace, owner.userId, memoryId]);
}

/** A long history of trades is cut at its beginning. */
const MAX_TRADING_MEMORIES = 5_000;

// A memory that was merged into a live one still tells of its own trade: two purchases said in the same words are two.
const TRADES = {
  name: 'trades-of-user',
  text: `SELECT m.id, m.created_at, r.trades, CASE WHEN m.content_edited THEN m.content END AS edited FROM memory_readings r
           JOIN memories m ON m.namespace = $1 AND m.user_id = $2 AND m.id = r.memory_id
          WHERE r.namespace = $1 AND r.user_id = $2 AND r.trades IS NOT NULL AND m.deleted_at IS NULL
            AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())
            AND (m.superseded_by IS NULL OR EXISTS (
                 SELECT 1 FROM memories s WHERE s.namespace = $1 AND s.user_id = $2 AND s.id = m.superseded_by
                    AND s.deleted_at IS NULL))
          ORDER BY m.created_at DESC, m.conversation_id, m.first_seq, m.id LIMIT ${MAX_TRADING_MEMORIES}`,
};

/** What a user's memories tell of trades, holdings and goals, in the order it was said. */
export async function tradesOf(on: Queryable, owner: Owner): Promise<DatedTrade[]> {
  const result = await run<{
    id: string;
    created_at: Date;
    trades: (Trade & { saidAt: string })[];
    edited: string | null;
  }>(on, TRADES, [owner.namespace, owner.userId]);
  return result.rows
    .reverse()
    .flatMap(({ id, created_at: createdAt, trades, edited }) => {
      const saidAt = trades[0] ? new Date(trades[0].saidAt) : createdAt;
      // Set right by hand: what it says now is what counts.
      if (edited !== null) return tradesIn(edited).map((trade) => ({ ...trade, saidAt, memoryId: id }));
      return trades.map((trade) => ({ ...trade, saidAt: new Date(trade.saidAt), memoryId: id }));
    })
    .sort((a, b) => a.saidAt.getTime() - b.saidAt.getTime());
}

/** How a user's memories speak for a persona. */
export interface PersonaEvidence {
  persona: string;
  /** Memories that bear its tag, and those of which it is the first. */
  memories: number;
  first: number;
  /** Of these memories, those that a language model has given the tag. */
  told: number;
  /** Mean confidence where it is known. */
  confidence: number | null;
  lastAt: Date;
  /** The newest of them. */
  memoryIds: string[];
}

const EVIDENCE_IDS = 3;
const EVIDENCE = {
  name: 'persona-evidence',
  text: `SELECT t.persona, count(*) AS memories, count(*) FILTER (WHERE t.place = 1) AS first,
                count(*) FILTER (WHERE t.persona = ANY (r.told_personas)) AS told,
                avg((SELECT (p ->> 'confidence')::double precision FROM jsonb_array_elements(r.personas) AS p
                      WHERE p ->> 'persona' = t.persona LIMIT 1)) AS confidence,
                max(m.created_at) AS last_at,
                (array_agg(m.id ORDER BY m.created_at DESC, m.id))[1:${EVIDENCE_IDS}] AS ids
           FROM memories m
           CROSS JOIN LATERAL unnest(m.persona_tags) WITH ORDINALITY AS t (persona, place)
           LEFT JOIN memory_readings r ON r.namespace = $1 AND r.user_id = $2 AND r.memory_id = m.id
          WHERE m.namespace = $1 AND m.user_id = $2 AND m.tier IN ('raw', 'fact') AND m.deleted_at IS NULL
            AND m.superseded_by IS NULL AND (m.expires_at IS NULL OR m.expires_at > clock_timestamp())
          GROUP BY t.persona ORDER BY first DESC, memories DESC, t.persona`,
};

/** What a user's memories are tagged with, the commonest first. */
export async function personaEvidence(on: Queryable, owner: Owner): Promise<PersonaEvidence[]> {
  const result = await run<{
    persona: string;
    memories: number;
    first: number;
    told: number;
    confidence: number | null;
    last_at: Date;
    ids: string[];
  }>(on, EVIDENCE, [owner.namespace, owner.userId]);
  return result.rows.map((row) => ({
    persona: row.persona,
    memories: row.memories,
    first: row.first,
    told: row.told,
    confidence: row.confidence,
    lastAt: row.last_at,
    memoryIds: row.ids,
  }));
}
