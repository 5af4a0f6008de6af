const MS_PER_DAY = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const SEASON_STARTS: Readonly<Record<string, number>> = {
  spring: 2,
  summer: 5,
  fall: 8,
  autumn: 8,
  winter: 11,
};
const NUMBER_WORDS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  couple: 2,
  three: 3,
  few: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
};
const UNIT_DAYS: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30.4, year: 365.25 };
/** How far from a range a turn may lie and still be near: things are told a little after they happen. */
const NEAR_DAYS = 7;

/** Days from `from` (inclusive) to `to` (exclusive), in milliseconds. */
export interface DateRange {
  from: number;
  to: number;
}

const MONTH = `(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`;
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';
const PATTERNS: readonly [RegExp, (match: RegExpMatchArray, now: Date) => DateRange | null][] = [
  [/\b(\d{4})-(\d{2})-(\d{2})\b/g, (m) => days(Number(m[1]), Number(m[2]) - 1, Number(m[3]), 1)],
  [
    new RegExp(`\\b${DAY} (?:of )?${MONTH}\\b,?(?: (\\d{4}))?`, 'gi'),
    (m, now) => dated(monthOf(m[2]!), Number(m[1]), m[3], now),
  ],
  [
    new RegExp(`\\b${MONTH} ${DAY}\\b(?!\\d),?(?: (\\d{4}))?`, 'gi'),
    (m, now) => dated(monthOf(m[1]!), Number(m[2]), m[3], now),
  ],
  [new RegExp(`\\b${MONTH},? (?:of )?(\\d{4})\\b`, 'gi'), (m) => months(Number(m[2]), monthOf(m[1]!), 1)],
  [
    new RegExp(`\\b(?:in|during|since|early|late|last|of|this) ${MONTH}\\b(?! \\d)`, 'gi'),
    (m, now) => latest((year) => months(year, monthOf(m[1]!), 1), now),
  ],
  [
    /\b(spring|summer|fall|autumn|winter)(?: of)? (\d{4})\b/gi,
    (m) => months(Number(m[2]), SEASON_STARTS[m[1]!.toLowerCase()]!, 3),
  ],
  [
    /\b(?:last|this|in(?: the)?) (spring|summer|fall|autumn|winter)\b(?! (?:of )?\d)/gi,
    (m, now) => latest((year) => months(year, SEASON_STARTS[m[1]!.toLowerCase()]!, 3), now),
  ],
  [/\b(?:in|during|of|year) ((?:19|20)\d{2})\b/gi, (m) => months(Number(m[1]), 0, 12)],
  [/\byesterday\b/gi, (_m, now) => around(now, -1, 1)],
  [/\b(?:today|tonight|this morning)\b/gi, (_m, now) => around(now, 0, 1)],
  [
    /\blast (week|month|year)\b/gi,
    (m, now) => around(now, -UNIT_DAYS[m[1]!.toLowerCase()]!, UNIT_DAYS[m[1]!.toLowerCase()]!),
  ],
  [
    /\b(\d{1,3}|an?|one|two|(?:a )?couple(?: of)?|three|(?:a )?few|four|five|six|seven|eight|nine|ten) (day|week|month|year)s? ago\b/gi,
    (m, now) => {
      const unit = UNIT_DAYS[m[2]!.toLowerCase()]!;
      const many = m[1]!.toLowerCase().replace(/^a (?=\w)| of$/g, '');
      return around(now, -unit * (NUMBER_WORDS[many] ?? Number(many)), unit);
    },
  ],
];

/** The days a question speaks of, read against the time it is asked; the latest past ones where the year is left out. */
export function datesIn(text: string, now: Date): DateRange[] {
  const found: DateRange[] = [];
  let rest = text;
  for (const [pattern, read] of PATTERNS) {
    for (const match of rest.matchAll(pattern)) {
      const range = read(match, now);
      if (!range || !Number.isFinite(range.from) || !Number.isFinite(range.to)) continue;
      found.push(range);
      // "7 May 2023" is not May 2023 as well.
      rest = rest.replace(match[0], ' ');
    }
  }
  return found;
}

/** 1 for a time inside one of the ranges, falling to 0 a week beyond its ends. */
export function nearness(saidAt: Date, ranges: readonly DateRange[]): number {
  let best = 0;
  for (const { from, to } of ranges) {
    const time = saidAt.getTime();
    const beyond = Math.max(0, from - time, time - to) / MS_PER_DAY;
    best = Math.max(best, 1 - beyond / NEAR_DAYS);
  }
  return best;
}

function monthOf(text: string): number {
  return MONTHS.indexOf(text.slice(0, 3).toLowerCase());
}

function days(year: number, month: number, day: number, count: number): DateRange {
  return { from: Date.UTC(year, month, day), to: Date.UTC(year, month, day + count) };
}

function months(year: number, month: number, count: number): DateRange {
  return { from: Date.UTC(year, month, 1), to: Date.UTC(year, month + count, 1) };
}

function dated(month: number, day: number, year: string | undefined, now: Date): DateRange | null {
  if (day < 1 || day > 31) return null;
  return year ? days(Number(year), month, day, 1) : latest((y) => days(y, month, day, 1), now);
}

function latest(ofYear: (year: number) => DateRange, now: Date): DateRange {
  const thisYear = ofYear(now.getUTCFullYear());
  return thisYear.from <= now.getTime() ? thisYear : ofYear(now.getUTCFullYear() - 1);
}

function around(now: Date, offsetDays: number, lengthDays: number): DateRange {
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  const from = midnight + Math.round(offsetDays) * MS_PER_DAY;
  return { from, to: from + Math.round(lengthDays) * MS_PER_DAY };
}
