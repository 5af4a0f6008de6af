import { MONEY } from './amounts';
import type { AssetMention } from './assets';
import { isCounted, type AssetContext } from './counts';

/**
 * How a clause says that somebody has something: `dealt` by a verb of trade ("sold"), `held` as one holds shares ("own"),
 * `had` as one has anything ("have", "my").
 */
export type Possession = 'dealt' | 'held' | 'had';

const SHARES_AFTER =
  /^(?:['’]s)?\s+(?:common |preferred |class [ab] )?(?:shares?|stocks?|options|position|stake|holdings?|etfs?|units?|coins?|tokens?|bullion|bars?|funds?)(?![\p{L}])/iu;
const SHARES_BEFORE =
  /\b(?:shares?|stocks?|units?|position|stake|holdings?|ounces?|oz|coins?|worth|invest(?:ed|ing)?)\s+(?:of|in|into)\s+(?:the\s+|my\s+|our\s+)?$/iu;
const MONEY_INTO = new RegExp(`(?:${MONEY})\\s+(?:worth\\s+)?(?:in|into|of)\\s+$`, 'iu');
/** Who speaks of these speaks of shares. */
const INVESTING =
  /\b(?:portfolio|invest\w*|brokerage|broker|shares?|stocks?|holdings|positions|etfs?|dividends?|ira|401k|isa|crypto|trading|bullish|bearish)\b/i;
/** "an Apple", "the new Tesla": one of what they make. */
const ONE_OF_THEM =
  /\b(?:an?|the|this|that|another|new|used|old|second-hand|first)\s+(?:[\p{L}-]+\s+){0,2}$/iu;
/** "at Google", "from Amazon": who they are, not what they are worth. */
const PLACE =
  /\b(?:at|for|with|from|by|via|near|called|versus|vs|than|like|about|against|using|through|inside|to|onto|on|off|joined|left|since|because|when|while|after|before|if)\s+$/iu;
const PRICED = /^\s+(?:at|@)\s*(?:about |around )?[$€£¥]?\s?\d/iu;
/** Who says that they bought these has been out for lunch, or to a shop, more often than at a broker's. */
const SOLD_TO_EVERYBODY = new Set([
  'Adobe',
  'Airbnb',
  'American Express',
  'AT&T',
  'Coca-Cola',
  'Coca Cola',
  'Costco',
  'Disney',
  'Ford',
  'Home Depot',
  'Mastercard',
  "McDonald's",
  'Netflix',
  'Nike',
  'PayPal',
  'Pepsi',
  'Shell',
  'Sony',
  'Spotify',
  'Starbucks',
  'Toyota',
  'Uber',
  'Visa',
  'Volkswagen',
  'Walmart',
]);
const MINE = /\b(?:my|our)\s+(?:[\p{L}-]+\s+)?$/iu;
const A_PART_OF =
  /\b(?:all|half|most|some|rest|third|quarter|quarters|remaining|entire|whole)\s+(?:of\s+)?(?:my|our)\s+$/iu;
/** Words of everyday talk as well. */
const EVERYDAY = /^(?:gold|silver|platinum|crypto|index|nasdaq)$/;
/** What may follow the name of shares. Any other word makes something else of it: "my Apple Watch", "gold ring". */
const GOES_ON = new Set(
  `a about after again all already also although an and around as at back because before both but by did does down
  during each early every fell for from had has have here hoping expecting if in instead into is it just keeps last late
  later looks low high my next now of on once only or our over pays right rose dropped jumped crashed tanked soared went
  since so some still than that the their then these they this those though through to today together tomorrow tonight
  too total twice under until up via was we were when where which while will with without worth would yesterday yet
  thinking using i i'm i've january february march april may june july august september october november december spring
  summer autumn winter`.split(/\s+/),
);

/**
 * Whether a name stands for what can be held of it: "I have 20 AAPL", "my Tesla shares", not "I have an interview at
 * Google", "my Apple Watch" or "I have ADHD".
 * @param clause where it stands
 */
export function meansShares(
  { kind, asset }: AssetMention,
  { before, after }: AssetContext,
  clause: string,
  possession: Possession,
): boolean {
  if (kind === 'beside shares' || kind === 'cashtag') return true;
  if (SHARES_AFTER.test(after) || SHARES_BEFORE.test(before)) return true;
  if (kind === 'thing' && !EVERYDAY.test(asset ?? '')) return true;
  if (isSomethingElse(after)) return false;
  if (kind === 'coin') return true;
  if (kind === 'thing') return !ONE_OF_THEM.test(before);
  if (isCounted(before) || MONEY_INTO.test(before) || (possession === 'dealt' && PRICED.test(after)))
    return true;
  if (ONE_OF_THEM.test(before) || PLACE.test(before)) return false;
  if (INVESTING.test(clause)) return true;
  if (possession === 'had') return false;
  const mine = MINE.test(before) && !A_PART_OF.test(before);
  return kind === 'symbol' || !(mine || SOLD_TO_EVERYBODY.has(asset ?? ''));
}

function isSomethingElse(after: string): boolean {
  if (/^(?:['’]s\b|-\p{L})/iu.test(after)) return true;
  const next = /^\s+(\p{L}[\p{L}'’-]*)/u.exec(after)?.[1];
  return next !== undefined && !GOES_ON.has(next.toLowerCase()) && !/(?:ly|day)$/i.test(next);
}
