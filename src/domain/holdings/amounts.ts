const UNITS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  dozen: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
};
const SCALES: Readonly<Record<string, number>> = {
  dozen: 12,
  hundred: 100,
  thousand: 1_000,
  million: 1_000_000,
};
const SUFFIXES: Readonly<Record<string, number>> = { k: 1_000, m: 1_000_000 };
const WORDS = [...new Set([...Object.keys(UNITS), ...Object.keys(SCALES)])]
  .filter((w) => w !== 'a' && w !== 'an')
  .join('|');

/** A number as people write it: `1,250.50`, `2k`, `twenty-five`, `a hundred`, `half a`. */
export const NUMBER = `(?:\\d+(?:,\\d{3})*(?:\\.\\d+)?(?:\\s?[km]\\b)?|(?:half an?|a quarter of an?)|(?:an?\\s+)?(?:${WORDS})(?:[\\s-]+(?:and\\s+)?(?:${WORDS}))*)`;

/** What {@link NUMBER} matched, as a number; null if it is none. */
export function numberOf(text: string): number | null {
  const plain = text.trim().toLowerCase();
  if (/^half an?$/.test(plain)) return 0.5;
  if (/^a quarter of an?$/.test(plain)) return 0.25;
  const digits = /^([\d,]+(?:\.\d+)?)\s?([km])?$/.exec(plain);
  if (digits) return Number(digits[1]!.replace(/,/g, '')) * (digits[2] ? SUFFIXES[digits[2]]! : 1);
  let total = 0;
  let group = 0;
  for (const word of plain.split(/[\s-]+/)) {
    if (word === 'and') continue;
    const scale = SCALES[word];
    const unit = UNITS[word];
    if (scale !== undefined && (word !== 'dozen' || group > 0)) {
      group = Math.max(1, group) * scale;
      if (scale >= 1_000) {
        total += group;
        group = 0;
      }
    } else if (unit !== undefined)
      group = word === 'a' || word === 'an' ? 1 : group === 1 && unit >= 12 ? unit : group + unit;
    else return null;
  }
  return total + group > 0 ? total + group : null;
}

const SIGNS: Readonly<Record<string, string>> = { $: 'USD', '€': 'EUR', '£': 'GBP', '¥': 'JPY' };
const CURRENCY_WORDS: readonly [RegExp, string][] = [
  [/^(?:us )?dollars?$|^bucks?$|^usd$/i, 'USD'],
  [/^euros?$|^eur$/i, 'EUR'],
  [/^pounds?(?: sterling)?$|^gbp$|^quid$/i, 'GBP'],
  [/^yen$|^jpy$/i, 'JPY'],
  [/^(?:swiss )?francs?$|^chf$/i, 'CHF'],
  [/^cad$/i, 'CAD'],
  [/^aud$/i, 'AUD'],
  [/^rupees?$|^inr$/i, 'INR'],
];
const CURRENCY =
  '(?:us )?dollars?|bucks?|usd|euros?|eur|pounds?(?: sterling)?|gbp|quid|yen|jpy|(?:swiss )?francs?|chf|cad|aud|rupees?|inr';

/** An amount of money: `$410`, `410 dollars`, `four hundred euros`; without a currency only the number matches. */
export const MONEY = `(?:[$€£¥]\\s?${NUMBER}|${NUMBER}\\s?(?:[$€£¥]|(?:${CURRENCY})\\b)?)`;

export interface Money {
  amount: number;
  currency?: string;
}

/** What {@link MONEY} matched. */
export function moneyOf(text: string): Money | null {
  const sign = /[$€£¥]/.exec(text)?.[0];
  const word = new RegExp(`(?:${CURRENCY})$`, 'i').exec(text.trim())?.[0];
  const number = text.replace(/[$€£¥]/g, '').trim();
  const amount = numberOf(word ? number.slice(0, -word.length) : number);
  if (amount === null) return null;
  const currency = sign
    ? SIGNS[sign]
    : word
      ? CURRENCY_WORDS.find(([pattern]) => pattern.test(word))?.[1]
      : undefined;
  return currency ? { amount, currency } : { amount };
}
