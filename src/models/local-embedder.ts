import { UnavailableError } from '../domain/errors';
import { chooseBatch, estimateTokens, MAX_TEXTS_PER_BATCH } from './document-batches';
import type { EmbedOptions, Embedder } from './embedder';
import { LocalEmbedderProcess } from './local-embedder-process';
import { missingModelFiles } from './model-files';

export const LOCAL_EMBEDDER_NAME = 'minilm-l6-v2-384';
export const LOCAL_EMBEDDER_DIMENSIONS = 384;

const FIRST_RESTART_DELAY_MS = 250;
const LONGEST_RESTART_DELAY_MS = 30_000;
/** An answer this young proves that the model works. */
const PROOF_VALID_MS = 5_000;

export interface LocalEmbedderOptions {
  modelDir: string;
  threads: number;
  /** Scheduling priority of the child, as in `nice`: the worker's gives way to the API's. */
  nice?: number;
}

export interface LocalEmbedder extends Embedder {
  /** The process that runs the model now, if any. */
  readonly pid: number | undefined;
}

interface Job {
  vectors: Float32Array[];
  missing: number;
  done: boolean;
  resolve: (vectors: Float32Array[]) => void;
  reject: (reason: unknown) => void;
}

interface Piece {
  job: Job;
  position: number;
  text: string;
  tokens: number;
}

/**
 * MiniLM on this machine, in a child process: running the model blocks its event loop, and a native crash takes
 * the child alone. The child is started at the first use and again after it ended. One batch is under way at a
 * time; queries go before documents, so a query waits for one small batch at most.
 */
export function createLocalEmbedder(options: LocalEmbedderOptions): LocalEmbedder {
  return new ChildEmbedder(options);
}

class ChildEmbedder implements LocalEmbedder {
  readonly name = LOCAL_EMBEDDER_NAME;
  readonly dimensions = LOCAL_EMBEDDER_DIMENSIONS;
  private waiting: Record<EmbedOptions['purpose'], Piece[]> = { query: [], document: [] };
  private child: LocalEmbedderProcess | null = null;
  private busy = false;
  private closed = false;
  private failures = 0;
  private restartAt = 0;
  private lastFailure: UnavailableError | null = null;
  private provenAt = 0;

  constructor(private readonly options: LocalEmbedderOptions) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]> {
    options.signal?.throwIfAborted();
    if (texts.length === 0) return [];
    this.assertStartable();
    let job: Job | undefined;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise<Float32Array[]>((resolve, reject) => {
        const created: Job = {
          vectors: new Array(texts.length),
          missing: texts.length,
          done: false,
          resolve,
          reject,
        };
        job = created;
        onAbort = () => reject(options.signal?.reason);
        options.signal?.addEventListener('abort', onAbort, { once: true });
        texts.forEach((text, position) =>
          this.waiting[options.purpose].push({ job: created, position, text, tokens: estimateTokens(text) }),
        );
        void this.pump();
      });
    } finally {
      if (job) job.done = true; // what still waits of a failed or aborted job is passed over
      if (onAbort) options.signal?.removeEventListener('abort', onAbort);
    }
  }

  async check(): Promise<void> {
    if (this.child && Date.now() - this.provenAt < PROOF_VALID_MS) return;
    await this.embed(['ready?'], { purpose: 'query' });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.failWaiting(new UnavailableError('embedder', 'the local embedder was closed'));
    await this.child?.close();
  }

  private assertStartable(): void {
    if (this.closed) throw new UnavailableError('embedder', 'the local embedder was closed');
    const delay = this.restartAt - Date.now();
    if (this.child || delay <= 0) return;
    const because = this.lastFailure ? `: ${this.lastFailure.message}` : '';
    throw new UnavailableError('embedder', `the local embedder is being restarted${because}`, {
      cause: this.lastFailure,
      retryAfterMs: delay,
    });
  }

  /** Runs batches until nothing waits. */
  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let batch = this.take(); batch.length > 0; batch = this.take()) await this.run(batch);
    } finally {
      this.busy = false;
    }
  }

  private take(): Piece[] {
    for (const purpose of ['query', 'document'] as const) {
      const waiting = this.waiting[purpose].filter((piece) => !piece.job.done);
      const chosen = new Set(
        purpose === 'query'
          ? [...waiting.keys()].slice(0, MAX_TEXTS_PER_BATCH)
          : chooseBatch(waiting.map((piece) => piece.tokens)),
      );
      this.waiting[purpose] = waiting.filter((_, i) => !chosen.has(i));
      if (chosen.size > 0) return waiting.filter((_, i) => chosen.has(i));
    }
    return [];
  }

  private async run(batch: Piece[]): Promise<void> {
    try {
      const child = this.start();
      await child.ready;
      const vectors = await child.embed(batch.map((piece) => piece.text));
      this.failures = 0;
      this.provenAt = Date.now();
      batch.forEach((piece, i) =>
        this.deliver(piece, vectors.slice(i * this.dimensions, (i + 1) * this.dimensions)),
      );
    } catch (error) {
      for (const piece of batch) piece.job.reject(error);
      // The rest would wait for a child that does not come up: better told now, and sent again.
      if (error instanceof UnavailableError && this.restartAt > Date.now()) this.failWaiting(error);
    }
  }

  private deliver(piece: Piece, vector: Float32Array): void {
    piece.job.vectors[piece.position] = Float32Array.from(vector);
    if (--piece.job.missing === 0) piece.job.resolve(piece.job.vectors);
  }

  private start(): LocalEmbedderProcess {
    if (this.child) return this.child;
    this.assertStartable();
    const missing = missingModelFiles(this.options.modelDir);
    if (missing.length > 0) {
      throw new UnavailableError(
        'embedder',
        `the local model is not complete in ${this.options.modelDir} (no ${missing.join(', ')}): run \`npm run setup\``,
      );
    }
    const { modelDir, threads, nice = 0 } = this.options;
    const child = new LocalEmbedderProcess({ modelDir, threads, nice }, () => this.childEnded(child));
    child.ready.catch((error: UnavailableError) => (this.lastFailure = error));
    return (this.child = child);
  }

  /** The first restart after working well is immediate, the next ones wait longer and longer. */
  private childEnded(child: LocalEmbedderProcess): void {
    if (this.child !== child) return;
    this.child = null;
    const delay = this.failures === 0 ? 0 : FIRST_RESTART_DELAY_MS * 2 ** (this.failures - 1);
    this.failures++;
    this.restartAt = Date.now() + Math.min(delay, LONGEST_RESTART_DELAY_MS);
  }

  private failWaiting(reason: UnavailableError): void {
    const pieces = [...this.waiting.query, ...this.waiting.document];
    this.waiting = { query: [], document: [] };
    for (const piece of pieces) piece.job.reject(reason);
  }
}
