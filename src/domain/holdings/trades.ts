import { MONEY, NUMBER, moneyOf, numberOf } from './amounts';
import { assetsIn, type Asset, type AssetMention } from './assets';

export const TRADE_ACTIONS = ['buy', 'sell', 'hold', 'goal'] as const;
export type TradeAction = (typeof TRADE_ACTIONS)[number];

/** What a user says they did with an asset, have, or aim at. */
export interface Trade extends Asset {
  action: TradeAction;
  shares?: number;
  /** Of one share. */
  price?: number;
  currency?: string;
  /** Of a sale: which part of the holding, 0..1; of all of it, 1. */
  portion?: number;
  /** Money put in, where it is said instead of shares. */
  amount?: number;
  /** Of a goal: the sentence. */
  text?: string;
}

const BOUGHT =
  'bought|purchased|acquired|picked up|added|snapped up|loaded up on|invested|got|put|moved|scooped up';
const SOLD =
  'sold|dumped|unloaded|liquidated|offloaded|got rid of|cashed out(?: of)?|exited|closed (?:out )?(?:of )?|ditched';
const HELD =
  'own|hold|have|keep|got|am holding|am keeping|am sitting on|still have|still own|still hold|kept|owns?|holding|keeping';
const VERB = new RegExp(`\\b(?:(?<sold>${SOLD})|(?<bought>${BOUGHT}))(?![\\p{L}])`, 'giu');
const HOLDS = new RegExp(`\\b(?:i|we|i've|we've|i'm|we're)\\s+(?:\\p{L}+\\s+){0,2}?(?:${HELD})\\b`, 'iu');
/** What makes of a deed a thought. */
const SUPPOSED =
  /\b(?:if|should|might|may|would|could|wish(?:ed)?|almost|nearly|thinking|considering|tempted|was going to|were going to|instead of|rather than|imagine|suppose|what if|until i|unless|before i|when i|had i)\b/i;
const NEGATED =
  /\b(?:not|never|n't|haven't|hasn't|hadn't|didn't|don't|won't|without|no longer|neither|refused to|regret not)\b|n't\b/i;
const NO_LONGER_HELD = /\b(?:no longer|don't|do not|doesn't)\s+(?:\p{L}+\s+)?(?:own|hold|have)\b/iu;
const INTENDED =
  /\b(?:want(?:s|ed)? to|plan(?:s|ning)? (?:to|on)|goal|aim(?:ing)? (?:to|for)|hop(?:e|ing) to|would like to|i'd like to|intend to|going to|looking to|my target|target is|saving (?:up )?for|save up|dream (?:of|is)|by the time i|i'll|i will|need to save|trying to save|working towards?)\b/i;
/** A goal counts when it is about money. */
const ABOUT_MONEY =
  /\b(?:save|saving|savings|invest|investing|retire|retirement|debts?|loans?|mortgage|down payment|deposit|portfolio|fund|shares?|stocks?|bonds?|dividends?|net worth|pension|budget|emergency fund|dollars?|euros?|pounds?|usd|eur|pay off|pay back|buy (?:a|an|my|our) (?:house|home|flat|apartment|car)|money|income)\b|[$€£]\s?\d/i;
const ADVERBS = String.raw`(?:'ve|'d|'s)?\s*(?:(?:has|have|had|just|also|recently|already|then|finally|once|even|all)\s+)*$`;
const SOMEONE_ELSE = new RegExp(
  String.raw`\b(?:he|she|they|you|who|somebody|someone|(?:my|our|his|her|their|the|a)\s+(?:\p{L}+[ -]){0,2}?\p{L}+)${ADVERBS}`,
  'iu',
);
const NAMED_ELSE = new RegExp(String.raw`(?<![\p{L}])(?!I\b|We\b)\p{Lu}\p{L}+${ADVERBS}`, 'u');
/** Upper case for its place only. */
const OPENING =
  /^\W*(?:just|today|yesterday|finally|also|then|recently|already|last|so|and|but|once|now|earlier)\b/i;
const ONESELF =
  /\b(?:i|we|i've|we've|i'd|we'd)\s*(?:(?:have|had|just|also|recently|already|then|finally|only|even|went and|today|yesterday|actually|first|later|now|both|ever|\p{L}+ly)[\s,]+)*$/iu;
const OWNED = /\b(?:my|our)\s+(?:[\p{L}\d.,]+\s+){0,3}?$/iu;
const MAX_SENTENCES = 200;

/**
 * The trades, holdings and goals that a user's text tells of, in order. What is asked, supposed, denied or somebody
 * else's is no trade; an asset that they call their own while they think about it is held.
 */
export function tradesIn(text: string): Trade[] {
  const sentences = text.replace(/’/g, "'").split(/(?<=[.!?])\s+(?=[\p{Lu}$\d'"])|\n+|;\s*/u);
  return sentences.slice(0, MAX_SENTENCES).flatMap((sentence) => tradesOfSentence(sentence.trim()));
}

function tradesOfSentence(sentence: string): Trade[] {
  const assets = assetsIn(sentence);
  const question = sentence.endsWith('?');
  const trades: Trade[] = [];
  let mine = true;
  let from = 0;
  for (const clause of clausesOf(sentence)) {
    const start = from;
    from += clause.length;
    const inside = assets.filter((asset) => asset.index >= start && asset.index < from);
    const read = tradesOfClause(
      clause,
      inside.map((asset) => ({ ...asset, index: asset.index - start })),
      { question, mine },
    );
    mine = read.mine;
    trades.push(...read.trades);
  }
  const goal = question || trades.some((trade) => trade.action !== 'hold') ? null : goalOf(sentence, assets);
  return goal ? [...trades, goal] : trades;
}

/** Cut before "and sold", ", then bought", "but …": a clause has one verb. Joined they are the sentence. */
function clausesOf(sentence: string): string[] {
  return sentence.split(
    new RegExp(
      `(?=(?:,\\s*|\\s)(?:and|but|then|so|while|after|before)\\s+(?:(?:i|we|he|she|they|then|also|just|later|i've)\\s+){0,3}(?:${BOUGHT}|${SOLD}|own|hold|keep|kept|have|plan|want|my)\\b)`,
      'iu',
    ),
  );
}

function tradesOfClause(
  clause: string,
  assets: readonly AssetMention[],
  told: { question: boolean; mine: boolean },
): { trades: Trade[]; mine: boolean } {
  const verb = [...clause.matchAll(VERB)].find((match) => !isNoDeed(clause, match));
  const before = clause.slice(0, verb?.index ?? 0);
  const mine = verb ? isOwn(before, told.mine) : told.mine;
  if (assets.length === 0) return { trades: [], mine };
  const supposed = told.question || SUPPOSED.test(before) || NEGATED.test(before) || INTENDED.test(before);
  if (verb && mine && !supposed) {
    const action = verb.groups?.['sold'] === undefined ? 'buy' : 'sell';
    return { trades: spread(assets, (asset, part) => deed(action, asset, part), clause), mine };
  }
  if (verb && !mine) return { trades: [], mine };
  if (told.question && !OWNED.test(clause.slice(0, assets[0]!.index))) return { trades: [], mine };
  if (NO_LONGER_HELD.test(clause))
    return {
      trades: spread(assets, (asset) => ({ ...plainOf(asset), action: 'sell', portion: 1 }), clause),
      mine,
    };
  const held = spread(assets, (asset, part) => holding(clause, asset, part), clause);
  return { trades: held, mine };
}

/** "got" and "put" and "moved" only deal in assets when they stand right: not "got sick", not "put off". */
function isNoDeed(clause: string, match: RegExpMatchArray): boolean {
  const after = clause.slice(match.index! + match[0].length);
  if (/^(?:put|moved)$/i.test(match[0]))
    return !new RegExp(
      `^\\s+(?:another\\s+|about\\s+|over\\s+|some\\s+)?(?:${MONEY}|(?:all )?(?:my|our|some|the)\\s+\\p{L}+)\\b.{0,40}\\binto\\b`,
      'iu',
    ).test(after);
  if (/^got$/i.test(match[0]))
    return !new RegExp(
      `^\\s+(?:me\\s+)?(?:another\\s+|some\\s+)?(?:${NUMBER}\\s+)?(?:more\\s+)?(?:\\S+\\s+){0,2}?(?:shares?|stocks?|bitcoins?|coins?|ounces?|btc|eth)\\b`,
      'iu',
    ).test(after);
  if (/^added$/i.test(match[0])) return /^\s+(?:that|up)\b/i.test(after);
  return false;
}

function isOwn(before: string, inherited: boolean): boolean {
  if (ONESELF.test(before)) return true;
  if (SOMEONE_ELSE.test(before) || (NAMED_ELSE.test(before) && !OPENING.test(before))) return false;
  // "Bought …", "and sold …": whoever the clause before was about.
  return /\b(?:i|we|i've|we've)\b/i.test(before) || inherited;
}

/** Each asset with the part of the clause that is about it: up to the next one. */
function spread(
  assets: readonly AssetMention[],
  read: (asset: AssetMention, part: { before: string; after: string }) => Trade | null,
  clause: string,
): Trade[] {
  return assets.flatMap((asset, i) => {
    const previous = assets[i - 1];
    const part = {
      before: clause.slice(previous ? previous.index + previous.length : 0, asset.index),
      after: clause.slice(asset.index + asset.length, assets[i + 1]?.index),
    };
    const trade = read(asset, part);
    return trade ? [trade] : [];
  });
}

const COUNT_BEFORE = new RegExp(
  `(?<![$€£\\p{L}\\d.,])(${NUMBER})\\s+(?:more\\s+|additional\\s+)?(?:(?:shares?|stocks?|units?|ounces?|oz|coins?|pieces|lots?|bonds?)\\s+(?:of\\s+|in\\s+)?|of\\s+)?(?:my\\s+|the\\s+|our\\s+)?$`,
  'iu',
);
const COUNT_AFTER = new RegExp(
  `^[^.;]{0,30}?(?<![$€£\\p{L}\\d.,])(${NUMBER})\\s+(?:more\\s+)?(?:shares?|units?|of them|ounces?|coins?)\\b`,
  'iu',
);
const PRICE = new RegExp(
  `(?:\\bat|@|\\bfor|\\bpaying)\\s+(?:about\\s+|around\\s+|roughly\\s+|a price of\\s+)?(${MONEY})(\\s*(?:each|apiece|a share|per share|a piece|a coin|per coin|an ounce))?`,
  'iu',
);
const PORTION_WORDS: readonly [RegExp, number][] = [
  [/\bhalf\b(?:\s+of)?(?! an?\s)/i, 0.5],
  [/\b(?:a|one) third\b/i, 1 / 3],
  [/\btwo thirds\b/i, 2 / 3],
  [/\b(?:a|one) quarter\b/i, 0.25],
  [/\bthree quarters\b/i, 0.75],
  [/\b(?:all|everything|the rest|the remaining|whole|entire)\b/i, 1],
];
/** A price said "for" all of them is rather that of all when it is this large. */
const TOTAL_FROM = 1_000;

function deed(
  action: 'buy' | 'sell',
  asset: AssetMention,
  part: { before: string; after: string },
): Trade | null {
  const shares = sharesIn(part);
  const trade: Trade = { ...plainOf(asset), action };
  if (shares !== null) trade.shares = shares;
  Object.assign(trade, priceIn(part.after, shares));
  if (action === 'sell') {
    const percent = /\b(\d{1,3})\s?(?:%|percent)/i.exec(part.before)?.[1];
    const words = PORTION_WORDS.find(([pattern]) => pattern.test(part.before))?.[1];
    const portion = percent ? Math.min(1, Number(percent) / 100) : words;
    if (portion !== undefined) {
      trade.portion = portion;
      delete trade.shares;
    } else if (shares === null && !/\b(?:some|a few|a bit|part|several)\b/i.test(part.before))
      trade.portion = 1;
    return trade;
  }
  if (shares === null) {
    const put = new RegExp(
      `(?<![\\p{L}\\d])(${MONEY})(?=[^.;]{0,30}\\b(?:in|into|of|on|worth)\\b)`,
      'iu',
    ).exec(part.before)?.[1];
    const money = put ? moneyOf(put) : null;
    if (money) {
      trade.amount = money.amount;
      if (money.currency) trade.currency = money.currency;
    }
  }
  return trade;
}

function sharesIn(part: { before: string; after: string }): number | null {
  const before = COUNT_BEFORE.exec(part.before)?.[1];
  if (before !== undefined) return numberOf(before);
  const share = /\b(?:a|one|another)\s+(?:single\s+)?share\s+of\s+$/i.test(part.before);
  if (share) return 1;
  const after = COUNT_AFTER.exec(part.after)?.[1];
  return after === undefined ? null : numberOf(after);
}

function priceIn(after: string, shares: number | null): Pick<Trade, 'price' | 'currency'> {
  const match = PRICE.exec(after);
  const money = match ? moneyOf(match[1]!) : null;
  if (!match || !money) return {};
  // "for my portfolio", "at 9 o'clock", "for five years", "at 5 percent"
  if (
    /^\s*(?:o'clock|am\b|pm\b|years?|months?|weeks?|days?|%|percent|-year)/i.test(
      after.slice(match.index + match[0].length),
    )
  )
    return {};
  const each = match[2] !== undefined || !/^for/i.test(match[0].trim());
  const total = !each && shares !== null && shares > 1 && money.amount >= TOTAL_FROM;
  const price = total ? Math.round((money.amount / shares) * 100) / 100 : money.amount;
  return money.currency ? { price, currency: money.currency } : { price };
}

function holding(clause: string, asset: AssetMention, part: { before: string; after: string }): Trade | null {
  const owned =
    OWNED.test(part.before) ||
    (HOLDS.test(clause) &&
      !SUPPOSED.test(clause.slice(0, asset.index)) &&
      !NEGATED.test(clause.slice(0, asset.index)) &&
      !INTENDED.test(clause.slice(0, asset.index)));
  if (!owned) return null;
  const trade: Trade = { ...plainOf(asset), action: 'hold' };
  const intended = SUPPOSED.test(clause) || INTENDED.test(clause) || NEGATED.test(clause);
  const shares = intended && !/\bmy\s+(?:\S+\s+)?$/i.test(part.before) ? null : sharesIn(part);
  if (shares !== null) trade.shares = shares;
  return trade;
}

function goalOf(sentence: string, assets: readonly AssetMention[]): Trade | null {
  if (
    !INTENDED.test(sentence) ||
    !ABOUT_MONEY.test(sentence) ||
    !/\b(?:i|we|my|our|i'm|we're|i'd|i'll)\b/i.test(sentence)
  )
    return null;
  if (/^(?:he|she|they|my \p{L}+ (?:wants|plans|hopes))\b/iu.test(sentence)) return null;
  const verb = /\b(?:buy|buying|purchase|invest|own|hold|add)\b/i.exec(sentence);
  const asset = verb ? assets.find((one) => one.index > verb.index) : assets[0];
  return { ...(asset ? plainOf(asset) : {}), action: 'goal', text: sentence };
}

function plainOf({ ticker, asset }: Asset): Asset {
  return { ...(ticker === undefined ? {} : { ticker }), ...(asset === undefined ? {} : { asset }) };
}
