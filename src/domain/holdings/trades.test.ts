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
    ['Sold 5 of my 20 Apple shares yesterday.', [{ ...AAPL, action: 'sell', shares: 5 }]],
    ['I trimmed my Nvidia position by 10 shares.', [{ ...NVDA, action: 'sell', shares: 10 }]],
    ['I reduced my Nvidia position.', [{ ...NVDA, action: 'sell' }]],
    // Several.
    [
      'I sold 10 shares of NVDA and used the money to buy 5 shares of AMD.',
      [
        { ticker: 'NVDA', action: 'sell', shares: 10 },
        { ticker: 'AMD', action: 'buy', shares: 5 },
      ],
    ],
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
    ["I've got 100 shares of MSFT.", [{ ticker: 'MSFT', action: 'hold', shares: 100 }]],
    [
      'I own 20 AAPL, 10 TSLA and 5 NVDA.',
      [
        { ticker: 'AAPL', action: 'hold', shares: 20 },
        { ticker: 'TSLA', action: 'hold', shares: 10 },
        { ticker: 'NVDA', action: 'hold', shares: 5 },
      ],
    ],
    [
      'My portfolio: 40 AAPL and 25 MSFT.',
      [
        { ticker: 'AAPL', action: 'hold', shares: 40 },
        { ticker: 'MSFT', action: 'hold', shares: 25 },
      ],
    ],
    [
      'My portfolio is mostly Apple and Tesla.',
      [
        { ...AAPL, action: 'hold' },
        { ...TSLA, action: 'hold' },
      ],
    ],
    ['I have some Bitcoin.', [{ ...BTC, action: 'hold' }]],
    ['I have treasury bonds.', [{ asset: 'treasury bonds', action: 'hold' }]],
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
    ['I want to save 200 pounds a month.', [{ action: 'goal', text: 'I want to save 200 pounds a month.' }]],
    // None.
    ['I want to lose 20 pounds by summer.', []],
    ['I want to save my marriage.', []],
    ['I hope to bond with my stepson.', []],
    ['I plan to share my story.', []],
    ["I'd like to invest more time in my kids.", []],
    ['I have an interview at Google next week.', []],
    ['We have two kids and I work at Microsoft.', []],
    ['I have a call with Salesforce at nine.', []],
    ['My Apple Watch says I slept badly.', []],
    ['My Tesla is in the garage.', []],
    ['I bought a Tesla last week.', []],
    ['I bought two Sony headphones.', []],
    ["I bought Apple's new phone.", []],
    ['I bought Starbucks for everyone.', []],
    ['I sold my Ford.', []],
    ['I own a Toyota.', []],
    ['I have Netflix and Spotify.', []],
    ['I have ADHD.', []],
    ['My BMI is 24.', []],
    ['I have an SVT episode now and then.', []],
    ['I sold my BMW.', []],
    ['I added HIIT to my workouts.', []],
    ['I bought LED bulbs.', []],
    ['I have a strong bond with my sister.', []],
    ['My index finger hurts.', []],
    ['I have a gold ring from my grandmother.', []],
    ['I bought a gold necklace.', []],
    ['I have a feeling that Anna shares my view.', []],
    ['I have a position in Marketing.', []],
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
    ['My sister saves money for the house, I wanted to tell you.', []],
    ['I want to know what my portfolio is worth.', []],
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
