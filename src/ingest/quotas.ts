import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../domain/errors';
import type { Usage } from '../record/usage';

const MIN_FRESH_MS = 2_000;
/** Counting takes at most this share of the time. */
const COUNTING_SHARE = 0.02;
const MAX_REMEMBERED = 10_000;
/** What is being stored is stored by then, or its sender was told that it is not. */
const STORED_DEADLINE_MS = 10_000;
const FORBIDDEN = 403;
const KINDS = ['messages', 'memories', 'bytes'] as const;

/** What takes no room. */
export const NOTHING: Usage = { messages: 0, memories: 0, bytes: 0 };

/** 0: no quota. */
export interface QuotaLimits {
  user: Usage;
  namespace: Usage;
}

export interface QuotasOptions {
  limits: QuotaLimits;
  usageOf(namespace: string, userId: string | null): Promise<Usage>;
}

/** Room that was taken for what is being stored. */
export interface Room {
  /** It is stored, or is not: what was not used of the room is there for others. To be called once. */
  settle(used: Usage): void;
}

interface Owner {
  namespace: string;
  userId: string;
}

interface Known {
  usage: Usage;
  staleAtMs: number;
}

/** Where room is taken: what there is by now, and how much there may be. */
interface Account {
  scope: 'user' | 'namespace';
  usage: Usage;
  limits: Usage;
}

/**
 * How much a user and a namespace may have. What they have is counted now and then, and what this process lets in is
 * added to it: a quota may be passed by what others let in between two counts, which are two seconds apart, more where
 * there is much to count.
 */
export class Quotas {
  private readonly known = new LRUCache<string, Known>({ max: MAX_REMEMBERED });
  private readonly counting = new Map<string, Promise<Known>>();
  /** By user: what has room and is being stored. */
  private readonly storing = new Map<string, Set<Promise<void>>>();

  constructor(private readonly options: QuotasOptions) {}

  /** Whether there is any quota; without, nothing is counted. */
  get set(): boolean {
    const { user, namespace } = this.options.limits;
    return isSet(user) || isSet(namespace);
  }

  /**
   * Takes room for what is about to be stored.
   * @param stillNew how much of it is not stored already: that needs no room, and whoever sends it again hears so. Only
   *   asked where there is no room for all of it.
   * @throws DomainError 403 that names the quota, when there is no room
   */
  async admit(owner: Owner, adding: Usage, stillNew: () => Promise<Usage>): Promise<Room> {
    if (!this.set) return NO_ROOM_NEEDED;
    const room = await this.take(owner, adding);
    if (typeof room !== 'string') return room;
    // The very same may have taken the last room, and be on its way.
    await this.stored(owner);
    const needed = await stillNew();
    if (KINDS.every((kind) => needed[kind] === 0)) return NO_ROOM_NEEDED;
    const left = await this.take(owner, needed);
    if (typeof left === 'string') throw quotaExceeded(left);
    return left;
  }

  /**
   * Stores what there is room for; what of it was there already takes none.
   * @param stillNew as in `admit`
   * @param usedBy what the stored took
   * @throws DomainError 403 that names the quota, when there is no room
   */
  async within<Stored>(
    owner: Owner,
    adding: Usage,
    stillNew: () => Promise<Usage>,
    store: () => Promise<Stored>,
    usedBy: (stored: Stored) => Usage,
  ): Promise<Stored> {
    const room = await this.admit(owner, adding, stillNew);
    let used = NOTHING;
    try {
      const stored = await store();
      used = usedBy(stored);
      return stored;
    } finally {
      room.settle(used);
    }
  }

  /** Takes room for good. @returns why there is none, or null */
  async refusal(owner: Owner, adding: Usage): Promise<string | null> {
    if (!this.set) return null;
    return reserve(await this.accountsOf(owner), adding);
  }

  private async take(owner: Owner, adding: Usage): Promise<Room | string> {
    const accounts = await this.accountsOf(owner);
    return reserve(accounts, adding) ?? this.roomOf(owner, accounts, adding);
  }

  private roomOf(owner: Owner, accounts: readonly Account[], taken: Usage): Room {
    const key = keyOf(owner.namespace, owner.userId);
    const ofUser = this.storing.get(key) ?? new Set();
    this.storing.set(key, ofUser);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    ofUser.add(ended);
    return {
      settle: (used) => {
        for (const { usage } of accounts) for (const kind of KINDS) usage[kind] += used[kind] - taken[kind];
        ofUser.delete(ended);
        if (ofUser.size === 0 && this.storing.get(key) === ofUser) this.storing.delete(key);
        end();
      },
    };
  }

  /** Waits for what has room by now, at most until the deadline. */
  private async stored({ namespace, userId }: Owner): Promise<void> {
    const underWay = this.storing.get(keyOf(namespace, userId));
    if (!underWay) return;
    const given = new AbortController();
    const late = sleep(STORED_DEADLINE_MS, undefined, { signal: given.signal, ref: false }).catch(
      () => undefined,
    );
    await Promise.race([Promise.all(underWay), late]);
    given.abort();
  }

  private async accountsOf({ namespace, userId }: Owner): Promise<Account[]> {
    const { limits } = this.options;
    const accounts: Account[] = [];
    if (isSet(limits.user))
      accounts.push({ scope: 'user', usage: await this.look(namespace, userId), limits: limits.user });
    if (isSet(limits.namespace))
      accounts.push({
        scope: 'namespace',
        usage: await this.look(namespace, null),
        limits: limits.namespace,
      });
    return accounts;
  }

  private async look(namespace: string, userId: string | null): Promise<Usage> {
    const key = keyOf(namespace, userId);
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

const NO_ROOM_NEEDED: Room = { settle: () => undefined };

function keyOf(namespace: string, userId: string | null): string {
  return JSON.stringify([namespace, userId]);
}

function isSet(limits: Usage): boolean {
  return KINDS.some((kind) => limits[kind] > 0);
}

/** Adds to every account, or to none. @returns why there is no room, or null */
function reserve(accounts: readonly Account[], adding: Usage): string | null {
  for (const { scope, usage, limits } of accounts)
    for (const kind of KINDS)
      if (limits[kind] > 0 && usage[kind] + adding[kind] > limits[kind])
        return `The quota QUOTA_${scope.toUpperCase()}_${kind.toUpperCase()} (${limits[kind]} ${kind} a ${scope}) leaves no room for this. Nothing of it was stored; delete something, or ask for more.`;
  for (const { usage } of accounts) for (const kind of KINDS) usage[kind] += adding[kind];
  return null;
}

/** Not 429: waiting makes no room. */
function quotaExceeded(refusal: string): DomainError {
  return new DomainError(FORBIDDEN, 'Quota exceeded', refusal);
}

/** What messages add: at least one memory will be made of them. */
export function sizeOf(messages: readonly { content: string }[]): Usage {
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return { messages: messages.length, bytes, memories: messages.length > 0 ? 1 : 0 };
}
