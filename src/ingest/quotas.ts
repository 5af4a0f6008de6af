import { LRUCache } from 'lru-cache';
import { DomainError } from '../domain/errors';
import type { Usage } from '../record/usage';

const MIN_FRESH_MS = 2_000;
/** Counting takes at most this share of the time. */
const COUNTING_SHARE = 0.02;
const MAX_REMEMBERED = 10_000;
const FORBIDDEN = 403;
const KINDS = ['messages', 'memories', 'bytes'] as const;

/** 0: no quota. */
export interface QuotaLimits {
  user: Usage;
  namespace: Usage;
}

export interface QuotasOptions {
  limits: QuotaLimits;
  usageOf(namespace: string, userId: string | null): Promise<Usage>;
}

interface Known {
  usage: Usage;
  staleAtMs: number;
}

/**
 * How much a user and a namespace may have. What they have is counted now and then, and what this process lets in is
 * added to it: a quota may be passed by what others let in between two counts, which are two seconds apart, more where
 * there is much to count.
 */
export class Quotas {
  private readonly known = new LRUCache<string, Known>({ max: MAX_REMEMBERED });
  private readonly counting = new Map<string, Promise<Known>>();

  constructor(private readonly options: QuotasOptions) {}

  /** Whether there is any quota; without, nothing is counted. */
  get set(): boolean {
    const { user, namespace } = this.options.limits;
    return KINDS.some((kind) => user[kind] > 0 || namespace[kind] > 0);
  }

  /** Counts what is about to be stored. @throws DomainError 403 that names the quota, when there is no room */
  async admit(owner: { namespace: string; userId: string }, adding: Usage): Promise<void> {
    if (!this.set) return;
    const refusal = await this.refusal(owner, adding);
    if (refusal !== null) throw quotaExceeded(refusal);
  }

  /** As `admit`, but says why there is no room. */
  async refusal(owner: { namespace: string; userId: string }, adding: Usage): Promise<string | null> {
    const { limits } = this.options;
    const scopes = [
      ['user', await this.look(owner.namespace, owner.userId, limits.user)],
      ['namespace', await this.look(owner.namespace, null, limits.namespace)],
    ] as const;
    for (const [scope, usage] of scopes)
      for (const kind of KINDS)
        if (usage && limits[scope][kind] > 0 && usage[kind] + adding[kind] > limits[scope][kind])
          return `The quota QUOTA_${scope.toUpperCase()}_${kind.toUpperCase()} (${limits[scope][kind]} ${kind} a ${scope}) leaves no room for this. Nothing of it was stored; delete something, or ask for more.`;
    for (const [, usage] of scopes) if (usage) for (const kind of KINDS) usage[kind] += adding[kind];
    return null;
  }

  private async look(namespace: string, userId: string | null, limits: Usage): Promise<Usage | null> {
    if (KINDS.every((kind) => limits[kind] === 0)) return null;
    const key = JSON.stringify([namespace, userId]);
    const known = this.known.get(key);
    if (known && performance.now() < known.staleAtMs) return known.usage;
    let counting = this.counting.get(key);
    if (!counting) {
      counting = this.count(key, namespace, userId).finally(() => this.counting.delete(key));
      this.counting.set(key, counting);
    }
    return (await counting).usage;
  }

  private async count(key: string, namespace: string, userId: string | null): Promise<Known> {
    const started = performance.now();
    const usage = { ...(await this.options.usageOf(namespace, userId)) };
    const ended = performance.now();
    const known = { usage, staleAtMs: ended + Math.max(MIN_FRESH_MS, (ended - started) / COUNTING_SHARE) };
    this.known.set(key, known);
    return known;
  }
}

/** Not 429: waiting makes no room. */
export function quotaExceeded(refusal: string): DomainError {
  return new DomainError(FORBIDDEN, 'Quota exceeded', refusal);
}

/** What messages add: at least one memory will be made of them. */
export function sizeOf(messages: readonly { content: string }[]): Usage {
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return { messages: messages.length, bytes, memories: 1 };
}
