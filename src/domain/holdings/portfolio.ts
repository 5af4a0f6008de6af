import type { Trade, TradeAction } from './trades';

/** The first thing done, else held, else aimed at. */
const TOLD_FIRST: readonly TradeAction[] = ['buy', 'sell', 'hold', 'goal'];

/** What a memory's metadata say of the trades it tells of, by the contract's keys; null without any. */
export function portfolioOf(trades: readonly Trade[]): Record<string, unknown> | null {
  const first = TOLD_FIRST.flatMap((action) => trades.find((trade) => trade.action === action) ?? [])[0];
  if (!first) return null;
  const { ticker, asset, shares, price, amount, currency, action } = first;
  return Object.fromEntries(
    Object.entries({ ticker, asset, shares, price, amount, currency, action }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
