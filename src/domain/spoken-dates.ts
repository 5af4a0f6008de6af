const MS_PER_DAY = 86_400_000;

const DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const DAY_OF_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** `8 May 2023`, in UTC. */
export function spokenDay(time: Date): string {
  return DAY.format(time);
}

/** `May 2023`, in UTC. */
export function spokenMonth(time: Date): string {
  return MONTH.format(time);
}

/** `On 8 May 2023`, or `From 8 May to 2 June 2023`. */
export function spokenRange(from: Date, to: Date): string {
  const last = spokenDay(to);
  if (spokenDay(from) === last) return `On ${last}`;
  const first = from.getUTCFullYear() === to.getUTCFullYear() ? DAY_OF_YEAR.format(from) : spokenDay(from);
  return `From ${first} to ${last}`;
}

/** Most texts hold none, and a day's name is dear to make. */
const RELATIVE = /\b(?:yesterday|tomorrow|(?:last|next) (?:month|year))\b/iu;

/** Words for a day or year seen from when they were said: "yesterday" means nothing to who reads it later. */
export function withAbsoluteDates(text: string, said: Date): string {
  if (!RELATIVE.test(text)) return text;
  const day = (days: number): string =>
    `on ${DAY_OF_YEAR.format(new Date(said.getTime() + days * MS_PER_DAY))}`;
  const month = (months: number): string =>
    `in ${spokenMonth(new Date(Date.UTC(said.getUTCFullYear(), said.getUTCMonth() + months, 1)))}`;
  const year = (years: number): string => `in ${said.getUTCFullYear() + years}`;
  const relative: readonly [RegExp, string][] = [
    [/\byesterday\b(?!['’]|\s+(?:morning|afternoon|evening|night))/giu, day(-1)],
    [/\btomorrow\b(?!['’]|\s+(?:morning|afternoon|evening|night))/giu, day(1)],
    [/\blast month\b(?!['’])/giu, month(-1)],
    [/\bnext month\b(?!['’])/giu, month(1)],
    [/\blast year\b(?!['’])/giu, year(-1)],
    [/\bnext year\b(?!['’])/giu, year(1)],
  ];
  return relative.reduce(
    (changed, [words, date]) =>
      changed.replace(words, (_, at: number) => (at === 0 ? date[0]!.toUpperCase() + date.slice(1) : date)),
    text,
  );
}
