import { MessageRole } from './message-event';
import { IngestionPolicy, RetrievalPolicy, policyPatch } from './policies';

it('takes roles from outside, and refuses what is none', () => {
  expect(['user', 'assistant', 'system', 'tool'].map(MessageRole)).toEqual([
    MessageRole.USER,
    MessageRole.ASSISTANT,
    MessageRole.SYSTEM,
    MessageRole.TOOL,
  ]);
  expect(() => MessageRole('bot')).toThrow(/"bot" is no role/);
  expect(() => MessageRole('name')).toThrow(TypeError);
});

it('says policies in the API’s words, and only what was said', () => {
  const ingestion = new IngestionPolicy({ lowVolumeCutoff: 4, flushIntervalSeconds: 15 });
  expect(policyPatch(ingestion, { minSimilarity: 0.65 })).toEqual({
    ingestion: { low_volume_cutoff: 4, flush_interval_seconds: 15 },
    retrieval: { min_similarity: 0.65 },
  });
  expect(policyPatch(undefined, new RetrievalPolicy())).toEqual({ ingestion: {}, retrieval: {} });
  expect(policyPatch(undefined, undefined)).toBeNull();
});
