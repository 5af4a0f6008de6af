/** Bounds how often something is done: a token bucket. */
export class Pace {
  private tokens: number;
  private lastMs: number | null = null;

  /** @param burst how many may follow each other at once after a rest; at least 1 */
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.tokens = Math.max(1, burst);
  }

  /** Takes one turn if there is one. @returns 0 when it was taken, else how many ms until there is one */
  take(nowMs: number): number {
    const gained = this.lastMs === null ? 0 : ((nowMs - this.lastMs) / 1_000) * this.perSecond;
    this.tokens = Math.min(Math.max(1, this.burst), this.tokens + gained);
    this.lastMs = nowMs;
    if (this.tokens < 1) return Math.max(1, Math.round(((1 - this.tokens) / this.perSecond) * 1_000));
    this.tokens -= 1;
    return 0;
  }
}
