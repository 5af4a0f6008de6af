import { MAX_GOALS, MAX_MEMORIES_A_HOLDING, netHoldings, type DatedTrade } from './net';
import { tradesIn } from './trades';

const told = (...texts: string[]): DatedTrade[] =>
  texts.flatMap((text, day) =>
    tradesIn(text).map((trade) => ({
      ...trade,
      saidAt: new Date(Date.UTC(2026, 0, day + 1)),
      memoryId: `m${day + 1}`,
    })),
  );
const shares = (...texts: string[]): Record<string, number | null> =>
  Object.fromEntries(
    netHoldings(told(...texts)).holdings.map((held) => [held.ticker ?? held.asset, held.shares]),
  );

describe('holdings', () => {
  it.each<[string, string[], Record<string, number | null>]>([
    ['adds up', ['I bought 10 shares of Apple', 'I bought 5 more shares of AAPL'], { AAPL: 15 }],
    ['takes off', ['I bought 10 shares of Apple', 'I sold 4 Apple shares'], { AAPL: 6 }],
    ['ends what is sold out', ['I bought 10 shares of Apple', 'I sold 10 shares of Apple'], {}],
    ['ends what is sold beyond', ['I bought 10 shares of Apple', 'I sold 12 shares of Apple'], {}],
    ['ends all of it', ['I bought 10 shares of Apple', 'I sold all my Apple shares'], {}],
    ['halves', ['I bought 10 shares of Apple', 'I sold half of my Apple shares'], { AAPL: 5 }],
    [
      'starts again',
      ['I bought 10 shares of Apple', 'I sold my Apple shares', 'I bought 3 Apple shares'],
      { AAPL: 3 },
    ],
    [
      'takes a statement for the state',
      ['I bought 10 shares of Apple', 'I own 20 shares of Apple'],
      { AAPL: 20 },
    ],
    ['does not know how many', ['I own some Apple shares', 'I sold 3 shares of Apple'], { AAPL: null }],
    ['knows no debts', ['I sold 5 shares of Apple'], {}],
    [
      'leaves what is only thought of',
      ['I bought 10 shares of Apple', 'Thinking of selling my Apple shares'],
      { AAPL: 10 },
    ],
    [
      'keeps assets apart',
      ['I bought 10 shares of Apple and 2 shares of Tesla', 'I sold 2 Tesla shares'],
      { AAPL: 10 },
    ],
  ])('%s', (_, texts, expected) => expect(shares(...texts)).toEqual(expected));

  it('shows the goals and the memories told last of many', () => {
    const count = MAX_GOALS + MAX_MEMORIES_A_HOLDING;
    const goals = Array.from({ length: count }, (_, i) => `I want to save ${i + 100} dollars.`);
    const { goals: shown } = netHoldings(told(...goals, goals[0]!));
    expect(shown.map(({ text }) => text)).toEqual([...goals.slice(1 - MAX_GOALS), goals[0]]);
    const bought = Array.from({ length: count }, () => 'I bought 1 share of Apple');
    const { holdings } = netHoldings(told(...bought));
    expect(holdings).toMatchObject([{ ticker: 'AAPL', shares: count }]);
    expect(holdings[0]!.memoryIds).toEqual(
      Array.from({ length: MAX_MEMORIES_A_HOLDING }, (_, i) => `m${count - MAX_MEMORIES_A_HOLDING + i + 1}`),
    );
  });

  it('means the price of what was bought', () => {
    const { holdings } = netHoldings(
      told('I bought 10 shares of Apple at $100', 'I bought 30 shares of Apple at $200'),
    );
    expect(holdings).toEqual([
      {
        ticker: 'AAPL',
        asset: 'Apple',
        shares: 40,
        price: 175,
        currency: 'USD',
        action: 'buy',
        updatedAt: new Date('2026-01-02T00:00:00Z'),
        memoryIds: ['m1', 'm2'],
      },
    ]);
  });

  it('lists goals once, with their tickers', () => {
    const { holdings, goals } = netHoldings(
      told(
        'I want to buy 5 shares of Apple.',
        'My goal is to save 9,000 euros.',
        'I want to buy 5 shares of Apple.',
      ),
    );
    expect(holdings).toEqual([]);
    expect(goals).toEqual([
      { text: 'My goal is to save 9,000 euros.', tickers: [] },
      { text: 'I want to buy 5 shares of Apple.', tickers: ['AAPL'] },
    ]);
  });
});
