import type { Trade, TradeAction } from './trades';

/** A trade with when it was said and where. */
export interface DatedTrade extends Trade {
  saidAt: Date;
  memoryId: string;
}

/** What a user holds of one asset, as far as they told. */
export interface Holding {
  ticker?: string;
  asset?: string;
  /** Null: they hold some and did not say how much. */
  shares: number | null;
  /** Mean price of the shares bought, where it was told. */
  price?: number;
  currency?: string;
  /** Money put in, where it was told instead of shares. */
  amount?: number;
  action: TradeAction;
  updatedAt: Date;
  /** The last ones that tell of it. */
  memoryIds: string[];
}

export interface Finance {
  holdings: Holding[];
  goals: { text: string; tickers: string[] }[];
}

/** An answer shows so many of the goals told last. */
export const MAX_GOALS = 50;
/** And so many of the memories that tell of a holding, the last ones. */
export const MAX_MEMORIES_A_HOLDING = 100;
/** Below this a rest is a rounding error. */
const NOTHING = 1e-9;

/**
 * What is left of trades when they are netted out in the order they were said.
 * @param trades in the order of their times; ties in the order of their places
 */
export function netHoldings(trades: readonly DatedTrade[]): Finance {
  const held = new Map<string, Holding>();
  const goals = new Map<string, string[]>();
  for (const trade of trades) {
    if (trade.action === 'goal') {
      if (trade.text === undefined) continue;
      // Told again, it is the last one told.
      goals.delete(trade.text);
      goals.set(trade.text, trade.ticker === undefined ? [] : [trade.ticker]);
      continue;
    }
    const key = keyOf(trade);
    if (key === null) continue;
    const next = after(held.get(key) ?? null, trade);
    // Told anew after it was sold out, it is at the end again.
    if (next === null) held.delete(key);
    else held.set(key, next);
  }
  return {
    holdings: [...held.values()],
    goals: [...goals].slice(-MAX_GOALS).map(([text, tickers]) => ({ text, tickers })),
  };
}

function after(before: Holding | null, trade: DatedTrade): Holding | null {
  switch (trade.action) {
    case 'buy':
      return bought(before ?? nothingOf(trade, 0), trade);
    case 'hold': {
      const kept = before ?? nothingOf(trade, null);
      return noted({ ...kept, shares: trade.shares ?? kept.shares }, trade);
    }
    case 'sell':
      return before && sold(before, trade);
    case 'goal':
      return before;
  }
}

function bought(before: Holding, trade: DatedTrade): Holding {
  const known = before.shares !== null && trade.shares !== undefined;
  const holding = noted({ ...before, shares: known ? before.shares! + trade.shares! : null }, trade);
  if (trade.amount !== undefined) holding.amount = (before.amount ?? 0) + trade.amount;
  const currency = trade.currency ?? before.currency;
  if (currency !== undefined) holding.currency = currency;
  if (trade.price !== undefined) {
    const sameMoney =
      before.currency === undefined || trade.currency === undefined || before.currency === trade.currency;
    const mixes = sameMoney && before.price !== undefined && known && before.shares! > 0;
    holding.price = mixes
      ? (before.price! * before.shares! + trade.price * trade.shares!) / (before.shares! + trade.shares!)
      : trade.price;
  }
  return holding;
}

function sold(before: Holding, trade: DatedTrade): Holding | null {
  if (trade.portion !== undefined) {
    if (trade.portion >= 1) return null;
    return noted(
      { ...before, shares: before.shares === null ? null : before.shares * (1 - trade.portion) },
      trade,
    );
  }
  if (trade.shares === undefined || before.shares === null) return noted(before, trade);
  const left = before.shares - trade.shares;
  return left > NOTHING ? noted({ ...before, shares: left }, trade) : null;
}

function nothingOf(trade: DatedTrade, shares: number | null): Holding {
  return { shares, action: trade.action, updatedAt: trade.saidAt, memoryIds: [] };
}

function noted(holding: Holding, trade: DatedTrade): Holding {
  return {
    ...holding,
    ...(trade.ticker === undefined ? {} : { ticker: trade.ticker }),
    ...(trade.asset === undefined ? {} : { asset: trade.asset }),
    action: trade.action,
    updatedAt: trade.saidAt,
    memoryIds: holding.memoryIds.includes(trade.memoryId)
      ? holding.memoryIds
      : [...holding.memoryIds, trade.memoryId].slice(-MAX_MEMORIES_A_HOLDING),
  };
}

function keyOf(trade: Trade): string | null {
  return (trade.ticker ?? trade.asset)?.toLowerCase().replace(/s$/, '') ?? null;
}
