// @ts-check
/**
 * The process that runs the local model. It is plain JavaScript so that it can be forked as it lies, compiled or
 * not. It answers one batch at a time; which comes first is the parent's to decide. It lives as long as its
 * parent's channel: a parent that is gone, however it went, takes it along.
 */
const { readFileSync } = require('node:fs');
const { getPriority, setPriority } = require('node:os');
const { join } = require('node:path');

/** No text needs more to fill its ids; it bounds what the tokenizer does for one text. */
const MAX_CHARS_PER_TEXT = 16_384;

/**
 * @typedef {{ modelDir: string, graphFile: string, threads: number, nice: number, maxTokens: number }} Start
 * @typedef {{ id: number, texts: string[] }} Batch
 */

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group: the parent finishes its work first and closes the channel then.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

/** @param {Start} start */
async function load(start) {
  // Before the session starts its threads: on Linux they take over the priority of the one that starts them.
  // Never back up: a parent that already gives way may not be allowed to, and does not want it.
  if (start.nice > getPriority()) setPriority(start.nice);
  const ort = require('onnxruntime-node');
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const tokenizer = new Tokenizer(
    JSON.parse(readFileSync(join(start.modelDir, 'tokenizer.json'), 'utf8')),
    {},
  );
  const session = await ort.InferenceSession.create(join(start.modelDir, start.graphFile), {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: start.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Threads that spin while they wait take the processor from everyone else on a small machine.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });

  /** @param {string} text @returns {number[]} */
  function idsOf(text) {
    const ids = tokenizer.encode(text.slice(0, MAX_CHARS_PER_TEXT)).ids;
    const last = ids[ids.length - 1];
    return ids.length <= start.maxTokens || last === undefined
      ? ids
      : [...ids.slice(0, start.maxTokens - 1), last];
  }

  /** @param {string[]} texts */
  return async function embed(texts) {
    const rows = texts.map(idsOf);
    const length = Math.max(...rows.map((row) => row.length));
    const ids = new BigInt64Array(rows.length * length);
    const mask = new BigInt64Array(rows.length * length);
    rows.forEach((row, r) => {
      row.forEach((id, c) => {
        ids[r * length + c] = BigInt(id);
        mask[r * length + c] = 1n;
      });
    });
    const shape = [rows.length, length];
    const answer = await session.run({
      input_ids: new ort.Tensor('int64', ids, shape),
      attention_mask: new ort.Tensor('int64', mask, shape),
    });
    return /** @type {Float32Array} */ (answer['embedding']?.data);
  };
}

/** @param {unknown} message */
function send(message) {
  if (process.connected) process.send?.(message);
}

/** @type {((texts: string[]) => Promise<Float32Array>) | undefined} */
let embed;

process.on('message', async (/** @type {Start | Batch} */ message) => {
  if ('modelDir' in message) {
    try {
      embed = await load(message);
      send({ ready: true });
    } catch (error) {
      send({ ready: false, error: String(error instanceof Error ? error.message : error) });
    }
    return;
  }
  try {
    if (!embed) throw new Error('the model is not loaded');
    send({ id: message.id, vectors: await embed(message.texts) });
  } catch (error) {
    send({ id: message.id, error: String(error instanceof Error ? error.message : error) });
  }
});
