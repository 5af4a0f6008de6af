const MS_A_SECOND = 1_000;
const SECONDS_A_MINUTE = 60;
const SECONDS_AN_HOUR = 3_600;
const COLUMN_GAP = '  ';
const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,234,567` */
export function count(value: number): string {
  return numbers.format(value);
}

/** `1,234 messages`, `1 message` */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** `1,234/s`; below ten with one digit more. */
export function perSecond(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : count(rate)}/s`;
}

/** `1:02:03` or `2:03` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / SECONDS_AN_HOUR);
  const minutes = Math.floor((whole % SECONDS_AN_HOUR) / SECONDS_A_MINUTE);
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % SECONDS_A_MINUTE)}`;
}

/** Rows of words below each other; columns that hold only numbers stand to the right. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, place) => Math.max(...rows.map((row) => row[place]?.length ?? 0)));
  const isNumeric = widths.map((_, place) =>
    rows.slice(1).every((row) => /^[\d,.]*$/.test(row[place] ?? '')),
  );
  return rows
    .map((row) =>
      row
        .map((cell, place) =>
          isNumeric[place] ? cell.padStart(widths[place]!) : cell.padEnd(widths[place]!),
        )
        .join(COLUMN_GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Names and what belongs to them, indented. */
export function facts(pairs: Array<[name: string, value: string | undefined]>): string {
  const given = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

/** Seconds since a moment of `performance.now()`. */
export function secondsSince(start: number): number {
  return (performance.now() - start) / MS_A_SECOND;
}
