import { MIGRATIONS } from '.';

/** What a process of the release before could trip over while it still serves. */
const BREAKING: [string, RegExp][] = [
  ['takes a table or a function away', /\bDROP (TABLE|FUNCTION|VIEW)\b/i],
  ['takes a column away', /\bDROP COLUMN\b/i],
  ['renames', /\bRENAME (TO|COLUMN|CONSTRAINT)\b/i],
  ['changes a column’s type', /\bALTER COLUMN \w+ (SET DATA )?TYPE\b/i],
  ['wants what old rows or writers do not have', /\bSET NOT NULL\b/i],
  ['empties a table', /\bTRUNCATE\b/i],
];

/** Columns that old writers leave out must have a value of their own. */
function addedWithoutDefault(sql: string): string[] {
  return [...sql.matchAll(/ADD COLUMN[^,;]*/gi)]
    .map(([clause]) => clause)
    .filter((clause) => /NOT NULL/i.test(clause) && !/DEFAULT|GENERATED/i.test(clause));
}

describe('migrations', () => {
  it('ascend', () => {
    const versions = MIGRATIONS.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it.each(MIGRATIONS.slice(1).map((one) => [one.name, one.sql] as const))(
    '%s only adds, so that processes of the release before still serve',
    (_name, sql) => {
      expect(BREAKING.filter(([, pattern]) => pattern.test(sql)).map(([what]) => what)).toEqual([]);
      expect(addedWithoutDefault(sql)).toEqual([]);
    },
  );

  it('would be found out', () => {
    expect(addedWithoutDefault('ALTER TABLE a ADD COLUMN b text NOT NULL;')).toHaveLength(1);
    expect(BREAKING.filter(([, pattern]) => pattern.test('ALTER TABLE a DROP COLUMN b'))).toHaveLength(1);
  });
});
