import { numberOf, moneyOf } from './amounts';
import { tradesIn, type Trade } from './trades';

const TSLA = { ticker: 'TSLA', asset: 'Tesla' };
const AAPL = { ticker: 'AAPL', asset: 'Apple' };
const MSFT = { ticker: 'MSFT', asset: 'Microsoft' };
const NVDA = { ticker: 'NVDA', asset: 'Nvidia' };
const BTC = { ticker: 'BTC', asset: 'Bitcoin' };

describe('trades in what a user says', () => {
  it.each<[string, Trade[]]>([
    // Bought.
    [
      'I bought 12 shares of Apple at 190 dollars.',
      [{ ...AAPL, action: 'buy', shares: 12, price: 190, currency: 'USD' }],
    ],
    [
      'Bought 20 NVDA @ $118.50 this morning',
      [{ ticker: 'NVDA', action: 'buy', shares: 20, price: 118.5, currency: 'USD' }],
    ],
    [
      'Today I purchased twenty-five Microsoft shares for €380 each.',
      [{ ...MSFT, action: 'buy', shares: 25, price: 380, currency: 'EUR' }],
    ],
    ['I just picked up 5 more shares of $AMD.', [{ ticker: 'AMD', action: 'buy', shares: 5 }]],
    [
      'We invested 2,000 euros in an index fund.',
      [{ asset: 'index fund', action: 'buy', amount: 2000, currency: 'EUR' }],
    ],
    ['I put $500 into Bitcoin yesterday', [{ ...BTC, action: 'buy', amount: 500, currency: 'USD' }]],
    ['I bought half a bitcoin.', [{ ...BTC, action: 'buy', shares: 0.5 }]],
    [
      'I got 3 shares of Disney for my portfolio.',
      [{ ticker: 'DIS', asset: 'Disney', action: 'buy', shares: 3 }],
    ],
    [
      'I invest in index funds and bought 10 shares of ACME for my portfolio.',
      [{ ticker: 'ACME', action: 'buy', shares: 10 }],
    ],
    ['I bought a dozen ounces of gold.', [{ asset: 'gold', action: 'buy', shares: 12 }]],
    [
      'I bought 40 shares of Quillon Labs at £3.20.',
      [{ asset: 'Quillon Labs', action: 'buy', shares: 40, price: 3.2, currency: 'GBP' }],
    ],
    [
      'I bought 10 Tesla shares for $2,500.',
      [{ ...TSLA, action: 'buy', shares: 10, price: 250, currency: 'USD' }],
    ],
    ["I've bought 2k shares of Ford.", [{ ticker: 'F', asset: 'Ford', action: 'buy', shares: 2000 }]],
    ['I finally bought one share of Amazon', [{ ticker: 'AMZN', asset: 'Amazon', action: 'buy', shares: 1 }]],
    // Sold.
    [
      'I sold 4 shares of Tesla at 250 USD.',
      [{ ...TSLA, action: 'sell', shares: 4, price: 250, currency: 'USD' }],
    ],
    ['I sold all my Tesla shares.', [{ ...TSLA, action: 'sell', portion: 1 }]],
    ['I dumped my Tesla stock last week.', [{ ...TSLA, action: 'sell', portion: 1 }]],
    ['I sold half of my Apple shares.', [{ ...AAPL, action: 'sell', portion: 0.5 }]],
    ['We sold 25% of our Nvidia position.', [{ ...NVDA, action: 'sell', portion: 0.25 }]],
    ['I sold some of my Apple shares.', [{ ...AAPL, action: 'sell' }]],
    // Several.
    [
      'I sold 3 Apple shares and bought 2 of Microsoft.',
      [
        { ...AAPL, action: 'sell', shares: 3 },
        { ...MSFT, action: 'buy', shares: 2 },
      ],
    ],
    [
      'I bought 5 shares of Apple at $180 and 7 shares of Nvidia at $120.',
      [
        { ...AAPL, action: 'buy', shares: 5, price: 180, currency: 'USD' },
        { ...NVDA, action: 'buy', shares: 7, price: 120, currency: 'USD' },
      ],
    ],
    // Held.
    ['I own 30 shares of Coca-Cola.', [{ ticker: 'KO', asset: 'Coca-Cola', action: 'hold', shares: 30 }]],
    ['My Tesla shares are down ten percent.', [{ ...TSLA, action: 'hold' }]],
    ["I'm thinking about selling my Nvidia shares.", [{ ...NVDA, action: 'hold' }]],
    ['I am considering whether to sell my 20 Apple shares', [{ ...AAPL, action: 'hold', shares: 20 }]],
    ["I won't sell my Apple stock.", [{ ...AAPL, action: 'hold' }]],
    ['Should I sell my Tesla shares?', [{ ...TSLA, action: 'hold' }]],
    // Goals.
    [
      'I want to buy 10 shares of Nvidia next year.',
      [{ ...NVDA, action: 'goal', text: 'I want to buy 10 shares of Nvidia next year.' }],
    ],
    [
      'My goal is to save 20,000 euros by 2030.',
      [{ action: 'goal', text: 'My goal is to save 20,000 euros by 2030.' }],
    ],
    [
      'I plan to pay off my car loan this year.',
      [{ action: 'goal', text: 'I plan to pay off my car loan this year.' }],
    ],
    // None.
    ['Should I buy Tesla?', []],
    ['What do you think of Nvidia?', []],
    ['I did not buy Apple shares.', []],
    ["I didn't sell 10 shares of Ford.", []],
    ['I almost bought 100 shares of GameStop.', []],
    ['If I had bought 10 shares of Apple, I would be rich.', []],
    ['I wish I bought Bitcoin in 2012.', []],
    ['My brother bought 10 shares of Apple.', []],
    ['She sold her Tesla shares.', []],
    ['Warren bought 50 shares of Chevron', []],
    ['I bought an apple and two bananas.', []],
    ['I bought a new phone for 400 dollars.', []],
    ['My goal is to run a marathon.', []],
    ['How is my savings goal looking?', []],
    ['I got sick in Lisbon.', []],
    ['I work at Apple.', []],
    ['I love Coca Cola.', []],
    ['The CEO sold 40 shares of SAP.', []],
  ])('%s', (text, expected) => {
    expect(tradesIn(text)).toEqual(expected);
  });

  it('reads long text in little time', () => {
    const started = performance.now();
    tradesIn('I bought 10 shares of Apple at 190 dollars and sold '.repeat(600));
    tradesIn('and bought '.repeat(3_000));
    tradesIn('A'.repeat(32_000));
    tradesIn('1,000 '.repeat(5_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('amounts', () => {
  it.each<[string, number | null]>([
    ['1,250.50', 1250.5],
    ['2k', 2000],
    ['twenty-five', 25],
    ['a hundred', 100],
    ['four hundred', 400],
    ['two hundred and fifty', 250],
    ['ten thousand', 10_000],
    ['a dozen', 12],
    ['half a', 0.5],
    ['several', null],
  ])('%s', (text, expected) => expect(numberOf(text)).toBe(expected));

  it.each<[string, ReturnType<typeof moneyOf>]>([
    ['$410', { amount: 410, currency: 'USD' }],
    ['410 dollars', { amount: 410, currency: 'USD' }],
    ['four hundred euros', { amount: 400, currency: 'EUR' }],
    ['99', { amount: 99 }],
  ])('%s', (text, expected) => expect(moneyOf(text)).toEqual(expected));
});
