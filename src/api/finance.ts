import type { Pool } from 'pg';
import { z } from 'zod';
import { netHoldings, type Finance, type Holding } from '../domain/holdings/net';
import { TRADE_ACTIONS } from '../domain/holdings/trades';
import { tradesOf } from '../record/readings';

const DECIMALS = 1_000_000;

const holding = z
  .object({
    ticker: z.string().optional(),
    asset: z.string().optional(),
    shares: z.number().nullable().meta({ description: 'null: some, and it was not said how many' }),
    price: z.number().optional().meta({ description: 'Mean price of a share bought, where it was told' }),
    currency: z.string().optional(),
    amount: z.number().optional().meta({ description: 'Money put in, where it was told instead of shares' }),
    action: z.enum(TRADE_ACTIONS).meta({ description: 'What was told last' }),
    updated_at: z.string().meta({ format: 'date-time' }),
    memory_ids: z.array(z.string()),
  })
  .meta({ id: 'Holding' });

/** `finance` of `GET /v1/retrieve`. */
export const financeAnswer = z
  .object({
    portfolio: z.object({
      user_id: z.string(),
      holdings: z.array(holding),
      total_holdings: z.int(),
    }),
    goals: z.array(z.object({ text: z.string(), tickers: z.array(z.string()) })),
  })
  .nullable()
  .meta({ description: 'null unless the user has holdings or goals' });

/** What a user holds and aims at, as far as their memories tell; null when they tell of neither. */
export async function readFinance(
  pool: Pool,
  owner: { namespace: string; userId: string },
): Promise<Finance | null> {
  const finance = netHoldings(await tradesOf(pool, owner));
  return finance.holdings.length + finance.goals.length > 0 ? finance : null;
}

export function financeOf(userId: string, { holdings, goals }: Finance): z.output<typeof financeAnswer> {
  return {
    portfolio: { user_id: userId, holdings: holdings.map(holdingOf), total_holdings: holdings.length },
    goals,
  };
}

function holdingOf({ updatedAt, memoryIds, shares, price, ...rest }: Holding): z.output<typeof holding> {
  return {
    ...rest,
    shares: shares === null ? null : rounded(shares),
    ...(price === undefined ? {} : { price: rounded(price) }),
    updated_at: updatedAt.toISOString(),
    memory_ids: memoryIds,
  };
}

function rounded(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}
