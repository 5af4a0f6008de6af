import { RefusedError } from '../domain/errors';
import type { EmbedOptions, Embedder } from './embedder';

const DEFAULT_WINDOW_MS = 5;
const DEFAULT_MAX_TEXTS = 128;

export interface GatherOptions {
  /** How long the first document waits for others. */
  windowMs?: number;
  /** Texts at which a request goes out at once. */
  maxTexts?: number;
}

interface Caller {
  texts: readonly string[];
  options: EmbedOptions;
  resolve: (vectors: Float32Array[]) => void;
  reject: (reason: unknown) => void;
}

/**
 * Makes one request of the documents that several conversations want embedded within a few milliseconds. Queries
 * pass straight through. If the gathered request is refused, each caller's part is sent alone, so that nobody
 * fails by another's text; any other failure is everybody's.
 */
export function gather(inner: Embedder, options: GatherOptions = {}): Embedder {
  return new GatheringEmbedder(
    inner,
    options.windowMs ?? DEFAULT_WINDOW_MS,
    options.maxTexts ?? DEFAULT_MAX_TEXTS,
  );
}

class GatheringEmbedder implements Embedder {
  private waiting: Caller[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly inner: Embedder,
    private readonly windowMs: number,
    private readonly maxTexts: number,
  ) {}

  get name(): string {
    return this.inner.name;
  }

  get dimensions(): number {
    return this.inner.dimensions;
  }

  async embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]> {
    options.signal?.throwIfAborted();
    if (texts.length === 0) return [];
    if (options.purpose === 'query' || texts.length >= this.maxTexts) return this.inner.embed(texts, options);
    if (this.waitingTexts() + texts.length > this.maxTexts) this.flush();
    return new Promise((resolve, reject) => {
      const caller: Caller = { texts, options, resolve, reject };
      options.signal?.addEventListener('abort', () => this.abandon(caller), { once: true });
      this.waiting.push(caller);
      if (this.waitingTexts() >= this.maxTexts) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), this.windowMs);
    });
  }

  check(): Promise<void> {
    return this.inner.check();
  }

  async close(): Promise<void> {
    this.flush();
    await this.inner.close();
  }

  private waitingTexts(): number {
    return this.waiting.reduce((sum, caller) => sum + caller.texts.length, 0);
  }

  private abandon(caller: Caller): void {
    this.waiting = this.waiting.filter((other) => other !== caller);
    caller.reject(caller.options.signal?.reason);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const callers = this.waiting;
    this.waiting = [];
    if (callers.length > 0) void this.send(callers);
  }

  /** Never rejects: every caller is told. */
  private async send(callers: readonly Caller[]): Promise<void> {
    if (callers.length === 1) return this.sendAlone(callers[0]!);
    const done = new AbortController();
    const stopListening = new AbortController();
    let left = callers.length;
    for (const { options } of callers) {
      // One who leaves must not take the others' request along; when all have left, nobody wants it.
      const leave = (): void => void (--left === 0 && done.abort(options.signal?.reason));
      options.signal?.addEventListener('abort', leave, { once: true, signal: stopListening.signal });
    }
    try {
      const texts = callers.flatMap((caller) => caller.texts);
      const vectors = await this.inner.embed(texts, { purpose: 'document', signal: done.signal });
      let from = 0;
      for (const caller of callers) caller.resolve(vectors.slice(from, (from += caller.texts.length)));
    } catch (error) {
      if (error instanceof RefusedError) await Promise.all(callers.map((caller) => this.sendAlone(caller)));
      else for (const caller of callers) caller.reject(error);
    } finally {
      stopListening.abort();
    }
  }

  private async sendAlone(caller: Caller): Promise<void> {
    try {
      caller.resolve(await this.inner.embed(caller.texts, caller.options));
    } catch (error) {
      caller.reject(error);
    }
  }
}
