import { conversationWorkflowId } from '../domain/ids';
import type { Injection, Memory, RecalledMemory } from '../domain/memory';
import type { ConversationRef } from '../domain/message';
import type { ConversationPolicy } from '../domain/policy';
import { isTold } from '../domain/standing-arc';
import { summaryText } from '../domain/summary';
import type { ReadSummary } from '../recall/read-summaries';
import type { Item, WireInjection, WirePolicy, WireSummary } from './schemas/answers';

const MS_PER_SECOND = 1_000;

/** A memory as the contract shows it; without a query it has no relevance and no matches. */
export function itemOf(
  memory: Memory & Partial<Pick<RecalledMemory, 'score' | 'relevance' | 'matches'>>,
): Item {
  return {
    id: memory.id,
    content: memory.content,
    layer: memory.layer,
    type: memory.type,
    score: memory.score ?? 0,
    relevance: memory.relevance ?? 0,
    metadata: memory.metadata,
    importance: memory.importance,
    persona_tags: memory.personaTags,
    emotional_signature: memory.emotionalSignature,
    created_at: memory.createdAt.toISOString(),
    stored_at: memory.storedAt.toISOString(),
    source_message_ids: memory.sourceMessageIds,
    matches: (memory.matches ?? []).map((match) => ({
      message_id: match.messageId,
      role: match.role,
      name: match.name,
      content: match.content,
      timestamp: match.timestamp.toISOString(),
      score: match.score,
    })),
  };
}

/** A summary as the contract shows it. */
export function summaryOf(summary: ReadSummary): WireSummary {
  return {
    id: summary.id,
    tier: summary.tier,
    persona: summary.persona,
    text: summaryText(summary),
    confidence: summary.confidence,
    freshness: summary.freshness,
    source_ids: summary.sourceIds,
    from: summary.from.toISOString(),
    to: summary.to.toISOString(),
    created_at: summary.createdAt.toISOString(),
    ...(summary.degraded && !isTold(summary) ? { degraded: true } : {}),
  };
}

export function injectionOf(injection: Injection): WireInjection {
  return {
    memory_id: injection.memoryId,
    content: injection.content,
    source: injection.source,
    channel: injection.channel,
    score: injection.score,
    metadata: { layer: injection.metadata.layer, conversation_id: injection.metadata.conversation_id },
  };
}

export function policyOf({ ingestion, retrieval }: ConversationPolicy): WirePolicy {
  return {
    ingestion: {
      low_volume_cutoff: ingestion.lowVolumeCutoff,
      high_volume_cutoff: ingestion.highVolumeCutoff,
      low_volume_batch_size: ingestion.lowVolumeBatchSize,
      medium_volume_batch_size: ingestion.mediumVolumeBatchSize,
      high_volume_batch_size: ingestion.highVolumeBatchSize,
      flush_interval_seconds: ingestion.flushIntervalMs / MS_PER_SECOND,
      max_buffer_size: ingestion.maxBufferSize,
    },
    retrieval: {
      min_similarity: retrieval.minSimilarity,
      max_injections_per_message: retrieval.maxInjectionsPerMessage,
      reinjection_cooldown_turns: retrieval.reinjectionCooldownTurns,
      lookback_messages: retrieval.lookbackMessages,
    },
  };
}

/** What every answer about ingestion carries. */
export function workflowLinkOf(
  ref: ConversationRef,
  workflowUrl: (workflowId: string) => string | undefined,
): { workflow_id: string; workflow_url?: string } {
  const workflowId = conversationWorkflowId(ref);
  const url = workflowUrl(workflowId);
  return url === undefined ? { workflow_id: workflowId } : { workflow_id: workflowId, workflow_url: url };
}

/** Where to look for what became of a conversation's messages; relative, since only the caller knows our address. */
export function statusUrlOf(ref: ConversationRef): string {
  return `/v1/conversations/${encodeURIComponent(ref.conversationId)}?user_id=${encodeURIComponent(ref.userId)}`;
}
