import { metadataEquals, whereSql, withWhere, type Where } from './where';

it.each<[Where, string, unknown[]]>([
  [{}, 'true', []],
  [{ layer: ['semantic'] }, '(layer = ANY ($2::text[]))', [['semantic']]],
  [
    { or: [{ persona: ['work'] }, { not: { type: ['implicit'] } }] },
    '(((persona_tags && $2::text[]) OR (NOT (type = ANY ($3::text[])))))',
    [['work'], ['implicit']],
  ],
  [{ metadata: { a: "'; DROP" } }, `(${metadataEquals('$2::jsonb')})`, [`{"a":"'; DROP"}`]],
])('%j', (where, sql, values) => {
  const all: unknown[] = ['before'];
  expect(whereSql(where, all)).toBe(sql);
  expect(all).toEqual(['before', ...values]);
});

it('adds the condition at every place, and leaves the statement alone without one', () => {
  const statement = { name: 's', text: 'A PLACE B PLACE' };
  expect(withWhere(statement, 'PLACE', undefined, [1])).toEqual({ statement, values: [1] });
  expect(withWhere(statement, 'PLACE', { layer: ['x'] }, [1])).toEqual({
    statement: {
      name: '',
      text: 'A PLACE AND (layer = ANY ($2::text[])) B PLACE AND (layer = ANY ($2::text[]))',
    },
    values: [1, ['x']],
  });
});
