import { invalid } from './errors';

/** Most bytes, as JSON, of what a caller keeps with a message or a memory. */
export const MAX_METADATA_BYTES = 16 * 1024;

/** Keys of a memory's metadata that are ours. */
export const OWN_METADATA: readonly string[] = [
  'conversation_id',
  'message_ids',
  'message_roles',
  'batch_size',
  'aggregation',
  'portfolio',
  'merged_from',
  'dates',
];

/**
 * Metadata changed key by key: null takes a key out, and what we keep there ourselves stays.
 * @throws DomainError 422 when what is the caller's grows beyond what it may take
 */
export function mergedMetadata(
  known: Record<string, unknown>,
  change: Record<string, unknown>,
): Record<string, unknown> {
  const merged = { ...known };
  for (const [key, value] of Object.entries(change)) {
    if (OWN_METADATA.includes(key)) continue;
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  const bytes = callersBytes(merged);
  // A memory of many messages has the metadata of all: what makes it less is taken, however much is left.
  if (bytes > MAX_METADATA_BYTES && bytes > callersBytes(known)) {
    const message = `must take at most ${MAX_METADATA_BYTES} bytes as JSON together with what the memory has, and would take ${bytes}: take keys out with null`;
    throw invalid([{ path: 'metadata', message }]);
  }
  return merged;
}

function callersBytes(metadata: Record<string, unknown>): number {
  const callers = Object.entries(metadata).filter(([key]) => !OWN_METADATA.includes(key));
  return Buffer.byteLength(JSON.stringify(Object.fromEntries(callers)));
}
