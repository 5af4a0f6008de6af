/** Bounds how often something is done: a token bucket. */
export class Pace {
  private tokens: number;
  private lastMs: number | null = null;

  /** @param burst how many may follow each other at once after a rest; at least 1 */
  constructor(private readonly burst: number) {
    this.tokens = Math.max(1, burst);
  }

  /**
   * Takes one turn if there is one.
   * @param perSecond the rate since the last call
   * @returns 0 when it was taken, else how many ms until there is one
   */
  take(nowMs: number, perSecond: number): number {
    const gained = this.lastMs === null ? 0 : ((nowMs - this.lastMs) / 1_000) * perSecond;
    this.tokens = Math.min(Math.max(1, this.burst), this.tokens + gained);
    this.lastMs = nowMs;
    if (this.tokens < 1) return Math.max(1, Math.round(((1 - this.tokens) / perSecond) * 1_000));
    this.tokens -= 1;
    return 0;
  }
}

/** How often something happens, lately: an average that forgets with `halfLifeMs`. */
export class Frequency {
  private sum = 0;
  private lastMs: number | null = null;
  private readonly decayPerMs: number;

  constructor(halfLifeMs: number) {
    this.decayPerMs = Math.LN2 / halfLifeMs;
  }

  note(nowMs: number): void {
    this.sum = this.decayed(nowMs) + 1;
    this.lastMs = nowMs;
  }

  perSecond(nowMs: number): number {
    return this.decayed(nowMs) * this.decayPerMs * 1_000;
  }

  private decayed(nowMs: number): number {
    if (this.lastMs === null) return 0;
    return this.sum * Math.exp(-(nowMs - this.lastMs) * this.decayPerMs);
  }
}
