import type { Where } from '../../record/where';
import { readFilters } from './filters';

const ada = (filter: Record<string, unknown>): unknown => ({ AND: [{ user_id: 'ada' }, filter] });

describe('the owner', () => {
  it.each<[unknown, string]>([
    [{ user_id: 'ada' }, 'ada'],
    [{ user_id: { eq: 'ada' } }, 'ada'],
    [{ user_id: { in: ['ada'] } }, 'ada'],
    [{ AND: [{ agent_id: 'tutor' }, { user_id: 'ada' }] }, 'ada'],
    [{ OR: [{ user_id: 'ada' }, { agent_id: 'tutor' }] }, 'ada'],
    [{ agent_id: 'tutor' }, 'agent:tutor'],
    [{ AND: [{ app_id: 'shop' }, { run_id: 'r1' }] }, 'app:shop'],
    [{ run_id: 'r1' }, 'run:r1'],
  ])('of %j is %s', (filters, userId) => {
    expect(readFilters(filters)).toMatchObject({ read: { userId } });
  });
  it.each<[unknown, string, RegExp]>([
    [undefined, 'filters', /must be an object/],
    [{}, 'filters', /must name one of/],
    [{ created_at: { gte: '2024-01-01' } }, 'filters', /must name one of/],
    [{ user_id: '*' }, 'filters', /must name one of/],
    [{ NOT: [{ user_id: 'ada' }] }, 'filters', /must name one of/],
    [{ user_id: { in: ['ada', 'bob'] } }, 'filters.user_id', /one at a time/],
    [{ OR: [{ user_id: 'ada' }, { user_id: 'bob' }] }, 'filters.user_id', /one at a time/],
    [{ user_id: 'agent:tutor' }, 'filters.user_id', /must not begin with "agent:"/],
    [{ user_id: '' }, 'filters.user_id', /1 to 200/],
  ])('%j names none', (filters, path, message) => {
    const result = readFilters(filters);
    expect(result).toMatchObject({ errors: [{ path }] });
    expect('errors' in result && result.errors[0]!.message).toMatch(message);
  });
});

describe('conditions', () => {
  it.each<[Record<string, unknown>, Where]>([
    [{ user_id: '*' }, {}],
    [{ user_id: { ne: 'bob' } }, { not: { not: {} } }],
    [{ agent_id: 'tutor' }, { metadata: { agent_id: 'tutor' } }],
    [{ agent_id: '*' }, { has: 'agent_id' }],
    [{ agent_id: { ne: 'tutor' } }, { not: { metadata: { agent_id: 'tutor' } } }],
    [{ app_id: { in: ['a', 'b'] } }, { or: [{ metadata: { app_id: 'a' } }, { metadata: { app_id: 'b' } }] }],
    [{ run_id: 'r1' }, { or: [{ conversation: ['r1'] }, { metadata: { run_id: 'r1' } }] }],
    [{ categories: { in: ['work', 'health'] } }, { persona: ['work', 'health'] }],
    [{ categories: { contains: 'work' } }, { persona: ['work'] }],
    [{ metadata: { topic: 'tea' } }, { metadata: { topic: 'tea' } }],
    [{ metadata: { topic: { ne: 'tea' } } }, { not: { metadata: { topic: 'tea' } } }],
    [{ metadata: { place: { city: 'Oslo' } } }, { metadata: { place: { city: 'Oslo' } } }],
    [{ keywords: { icontains: 'Tea' } }, { says: { text: 'Tea', anyCase: true } }],
    [{ keywords: { contains: 'Tea' } }, { says: { text: 'Tea', anyCase: false } }],
    [{ memory_ids: ['no-id'] }, { not: {} }],
    [{ NOT: { categories: { in: ['work'] } } }, { not: { or: [{ persona: ['work'] }] } }],
    [
      { created_at: { gte: '2024-07-01', lte: '2024-07-31' } },
      {
        and: [
          { time: { after: new Date('2024-07-01T00:00:00Z') } },
          { time: { before: new Date('2024-08-01T00:00:00Z') } },
        ],
      },
    ],
    [
      { created_at: { gt: '2024-07-01T10:00:00+02:00', lt: '2024-07-02' } },
      {
        and: [
          { time: { after: new Date('2024-07-01T08:00:00.001Z') } },
          { time: { before: new Date('2024-07-02T00:00:00Z') } },
        ],
      },
    ],
    [
      { timestamp: '2024-07-01' },
      { time: { after: new Date('2024-07-01T00:00:00Z'), before: new Date('2024-07-02T00:00:00Z') } },
    ],
  ])('%j', (filter, where) => {
    expect(readFilters(ada(filter))).toEqual({ read: { userId: 'ada', where } });
  });

  it('keys beside each other must all hold', () => {
    const filters = { user_id: 'ada', agent_id: 'tutor', categories: { in: ['work'] } };
    expect(readFilters(filters)).toEqual({
      read: { userId: 'ada', where: { and: [{ metadata: { agent_id: 'tutor' } }, { persona: ['work'] }] } },
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ mood: 'good' }, 'filters.AND.1.mood'],
    [{ updated_at: { gte: '2024-01-01' } }, 'filters.AND.1.updated_at'],
    [{ expiration_date: { lte: '2024-01-01' } }, 'filters.AND.1.expiration_date'],
    [{ created_at: { gte: '2024-07-01T10:00:00' } }, 'filters.AND.1.created_at.gte'],
    [{ created_at: { in: ['2024-07-01'] } }, 'filters.AND.1.created_at.in'],
    [{ agent_id: { contains: 'tu' } }, 'filters.AND.1.agent_id.contains'],
    [{ agent_id: 7 }, 'filters.AND.1.agent_id'],
    [{ categories: { ne: 'work' } }, 'filters.AND.1.categories.ne'],
    [{ metadata: { topic: { contains: 'te' } } }, 'filters.AND.1.metadata.topic.contains'],
    [{ metadata: { ne: { topic: 'tea' } } }, 'filters.AND.1.metadata.ne'],
    [{ keywords: 'tea' }, 'filters.AND.1.keywords'],
    [{ memory_ids: { ne: ['x'] } }, 'filters.AND.1.memory_ids'],
    [{ OR: [] }, 'filters.AND.1.OR'],
    [{ OR: ['x'] }, 'filters.AND.1.OR'],
    [{}, 'filters.AND.1'],
  ])('%j is refused by its name', (filter, path) => {
    expect(readFilters(ada(filter))).toMatchObject({ errors: [{ path }] });
  });

  it('bounds depth and number', () => {
    const deep = Array.from({ length: 9 }).reduce<unknown>((inner) => ({ AND: [inner] }), { user_id: 'a' });
    expect(readFilters(deep)).toMatchObject({ errors: [{ message: expect.stringContaining('deeper') }] });
    const many = { AND: Array.from({ length: 64 }, () => ({ user_id: 'a' })) };
    expect(readFilters(many)).toMatchObject({
      errors: [{ message: expect.stringContaining('more than 64') }],
    });
  });
});
