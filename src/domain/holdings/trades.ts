import { MONEY, NUMBER, moneyOf } from './amounts';
import { assetsIn, type Asset, type AssetMention } from './assets';
import { sharesIn, type AssetContext } from './counts';
import { meansShares, type Possession } from './means-shares';

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
  'sold|dumped|unloaded|liquidated|offloaded|got rid of|cashed out(?: of)?|exited|closed (?:out )?(?:of )?|ditched|trimmed|reduced';
/** Of these a sale without a number is of a part. */
const LESSENED = /^(?:trimmed|reduced)$/i;
/** Verbs that deal in anything: with them a name alone need not stand for shares. */
const DEALS_IN_ANYTHING =
  /^(?:picked up|added|loaded up on|got|put|moved|scooped up|got rid of|closed.*|ditched|trimmed|reduced)$/i;
const HELD =
  'own|hold|have|keep|got|am holding|am keeping|am sitting on|still have|still own|still hold|kept|owns?|holding|keeping';
const VERB = new RegExp(`\\b(?:(?<sold>${SOLD})|(?<bought>${BOUGHT}))(?![\\p{L}])`, 'giu');
const HOLDS = new RegExp(`\\b(?:i|we|i've|we've|i'm|we're)\\s+(?:\\p{L}+\\s+){0,2}?(?:${HELD})\\b`, 'iu');
const OWNS = /\b(?:own|hold|holding|sitting on)\b/i;
/** "My portfolio: …", "our holdings are …" */
const PORTFOLIO_OF =
  /\b(?:my|our)\s+(?:\p{L}+\s+){0,2}?(?:portfolio|holdings|positions|ira|401k|isa)\b[^.?!]{0,20}?(?::|\b(?:is|are|has|have|holds?|contains?|includes?|consists?)\b)/iu;
/** What makes of a deed a thought. */
const SUPPOSED =
  /\b(?:if|should|might|may|would|could|wish(?:ed)?|almost|nearly|thinking|considering|tempted|was going to|were going to|instead of|rather than|imagine|suppose|what if|until i|unless|before i|when i|had i)\b/i;
const NEGATED =
  /\b(?:not|never|n't|haven't|hasn't|hadn't|didn't|don't|won't|without|no longer|neither|refused to|regret not)\b|n't\b/i;
const NO_LONGER_HELD = /\b(?:no longer|don't|do not|doesn't)\s+(?:\p{L}+\s+)?(?:own|hold|have)\b/iu;
const INTENDED =
  /\b(?:want(?:s|ed)? to(?! (?:tell|ask|say|know|talk|mention|show|hear|share th)\w*\b)|plan(?:s|ning)? (?:to|on)|goal|aim(?:ing)? (?:to|for)|hop(?:e|ing) to|would like to|i'd like to|intend to|going to|looking to|my target|target is|saving (?:up )?for|save up|dream (?:of|is)|by the time i|i'll|i will|need to save|trying to save|working towards?)\b/i;
/** A goal counts when it is about money … */
const ABOUT_MONEY =
  /\b(?:sav(?:e|ing)(?! (?:time|energy|lives?|face|space|water|electricity|the|him|her|them|us|you|our|my|your|from)\b)|savings|(?:re)?invest(?:ing)?|retire|retirement|debts?|loans?|mortgage|down payment|deposit|portfolio|(?:emergency|index|mutual|college|wedding|holiday|house|travel) funds?|shares of|shares in|(?:more|\d) shares|stocks|stock market|bonds|dividends?|net worth|pension|budget|dollars?|euros?|usd|eur|gbp|pay off|pay back|buy (?:a|an|my|our) (?:house|home|flat|apartment|car)|money|income)\b|[$€£]\s?\d/i;
const POUNDS = /\d\s?pounds?\b|\bpounds? (?:a|per|every|each) (?:week|month|year)\b/i;
/** … and not about one's body, or one's time. */
const OF_THE_BODY =
  /\b(?:los(?:e|ing)|lost|gain(?:ing)?|drop|shed|weigh\w*|lift(?:ing)?|bench|squat|deadlift|pounds? (?:lighter|heavier|overweight|of muscle))\b/i;
const INVESTS_ONESELF =
  /\binvest(?:ing)?\b[^.]{0,30}\b(?:time|energy|effort|myself|ourselves|relationships?|marriage|friendships?|health|family|kids|children|people|skills|sleep)\b/i;
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

/** "… and used the money to buy": a second deed, not a part of the first. */
const USED_TO_BUY =
  /\b(?:and\s+)?(?:then\s+)?(?:used|took|rolled)\s+(?:(?:the|that|all|some|part|of)\s+)*(?:proceeds|money|cash|profits?|gains?|it|funds)\s+to\s+(?:buy|purchase|pick up|get)\b/giu;

function tradesOfSentence(said: string): Trade[] {
  const sentence = said.replace(USED_TO_BUY, 'and bought');
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
    const how = DEALS_IN_ANYTHING.test(verb[0]) ? 'had' : 'dealt';
    return { trades: spread(assets, (asset, part) => deed(verb, asset, part), clause, how), mine };
  }
  if (verb && !mine) return { trades: [], mine };
  if (told.question && !OWNED.test(clause.slice(0, assets[0]!.index))) return { trades: [], mine };
  if (NO_LONGER_HELD.test(clause))
    return {
      trades: spread(assets, (asset) => ({ ...plainOf(asset), action: 'sell', portion: 1 }), clause, 'had'),
      mine,
    };
  const how = OWNS.test(clause) ? 'held' : 'had';
  return { trades: spread(assets, (asset, part) => holding(clause, asset, part), clause, how), mine };
}

/** "got" and "put" and "moved" only deal in assets when they stand right: not "got sick", not "put off". */
function isNoDeed(clause: string, match: RegExpMatchArray): boolean {
  // "I've got 100 shares": they are held.
  if (/^got$/i.test(match[0]) && /(?:'ve|\bhave|\bhas)\s+$/i.test(clause.slice(0, match.index))) return true;
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

/** Each asset that stands for shares with the part of the clause that is about it: up to the next one. */
function spread(
  assets: readonly AssetMention[],
  read: (asset: AssetMention, part: AssetContext) => Trade | null,
  clause: string,
  how: Possession,
): Trade[] {
  return assets.flatMap((asset, i) => {
    const previous = assets[i - 1];
    const part = {
      before: clause.slice(previous ? previous.index + previous.length : 0, asset.index),
      after: clause.slice(asset.index + asset.length, assets[i + 1]?.index),
    };
    if (!meansShares(asset, part, clause, how)) return [];
    const trade = read(asset, part);
    return trade ? [trade] : [];
  });
}

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

function deed(verb: RegExpMatchArray, asset: AssetMention, part: AssetContext): Trade {
  const action = verb.groups?.['sold'] === undefined ? 'buy' : 'sell';
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
    } else if (
      shares === null &&
      !LESSENED.test(verb[0]) &&
      !/\b(?:some|a few|a bit|part|several)\b/i.test(part.before)
    )
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

function holding(clause: string, asset: AssetMention, part: AssetContext): Trade | null {
  const owned =
    OWNED.test(part.before) ||
    ((HOLDS.test(clause) || PORTFOLIO_OF.test(clause.slice(0, asset.index))) &&
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
    !isAboutMoney(sentence) ||
    !/\b(?:i|we|my|our|i'm|we're|i'd|i'll)\b/i.test(sentence)
  )
    return null;
  if (/^(?:he|she|they|my \p{L}+ (?:wants|plans|hopes))\b/iu.test(sentence)) return null;
  const verb = /\b(?:buy|buying|purchase|invest|own|hold|add)\b/i.exec(sentence);
  const asset = assets.find(({ index, length, ...one }) => {
    const part = { before: sentence.slice(0, index), after: sentence.slice(index + length) };
    return index > (verb?.index ?? -1) && meansShares({ ...one, index, length }, part, sentence, 'dealt');
  });
  return { ...(asset ? plainOf(asset) : {}), action: 'goal', text: sentence };
}

function isAboutMoney(sentence: string): boolean {
  if (INVESTS_ONESELF.test(sentence)) return false;
  return ABOUT_MONEY.test(sentence) || (POUNDS.test(sentence) && !OF_THE_BODY.test(sentence));
}

function plainOf({ ticker, asset }: Asset): Asset {
  return { ...(ticker === undefined ? {} : { ticker }), ...(asset === undefined ? {} : { asset }) };
}
