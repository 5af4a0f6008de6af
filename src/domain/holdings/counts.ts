import { NUMBER, numberOf } from './amounts';

/** What stands around the name of an asset, up to its neighbours. */
export interface AssetContext {
  before: string;
  after: string;
}

const COUNTABLES = 'shares?|stocks?|units?|ounces?|oz|coins?|pieces|lots?|bonds?';
/** "5 of my 20 Apple shares": what counts is the part. */
const COUNT_OF_COUNT = new RegExp(
  `(?<![$€£\\p{L}\\d.,])(${NUMBER})\\s+(?:(?:${COUNTABLES})\\s+)?(?:out\\s+)?of\\s+(?:my|our|the)\\s+${NUMBER}\\s+(?:(?:${COUNTABLES})\\s+(?:of\\s+|in\\s+)?)?$`,
  'iu',
);
const COUNT_BEFORE = new RegExp(
  `(?<![$€£\\p{L}\\d.,])(${NUMBER})\\s+(?:more\\s+|additional\\s+)?(?:(?:${COUNTABLES})\\s+(?:of\\s+|in\\s+)?|of\\s+)?(?:my\\s+|the\\s+|our\\s+)?$`,
  'iu',
);
const COUNT_AFTER = new RegExp(
  `^[^.;]{0,30}?(?<![$€£\\p{L}\\d.,])(${NUMBER})\\s+(?:more\\s+)?(?:shares?|units?|of them|ounces?|coins?)\\b`,
  'iu',
);
const SINGLE = /\b(?:a|one|another)\s+(?:single\s+)?share\s+of\s+$/i;

/** Whether a number stands right before the name: `20 AAPL`, `half a bitcoin`. */
export function isCounted(before: string): boolean {
  return COUNT_OF_COUNT.test(before) || COUNT_BEFORE.test(before);
}

/** How many of an asset are spoken of; null when it is not said. */
export function sharesIn({ before, after }: AssetContext): number | null {
  const counted = COUNT_OF_COUNT.exec(before)?.[1] ?? COUNT_BEFORE.exec(before)?.[1];
  if (counted !== undefined) return numberOf(counted);
  if (SINGLE.test(before)) return 1;
  const later = COUNT_AFTER.exec(after)?.[1];
  return later === undefined ? null : numberOf(later);
}
