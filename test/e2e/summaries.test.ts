import { apiClient, expectPath, expectProblem, type ApiClient } from '../support/api-client';
import { importEnded, ndjson, sendImport, type ImportLineBody } from '../support/import-client';
import { poll } from '../support/poll';
import { items } from '../support/shapes';
import { startStack, type Stack } from '../support/stack';

const MINUTE_MS = 60_000;
const CATCH_UP_MS = 60_000;
const PAUSE_MS = 6_000;

interface WireSummary {
  id: string;
  tier: string;
  persona: string | null;
  text: string;
  freshness: number;
  source_ids: string[];
  from: string;
  to: string;
}

let stack: Stack;
let api: ApiClient;
beforeAll(async () => {
  stack = await startStack({
    env: { STORE_WAIT_MS: '20000', EPISODE_PAUSE_MS: String(PAUSE_MS) },
  });
  api = apiClient(stack.url);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const summariesOf = async (user: string, tier: string): Promise<WireSummary[]> =>
  (await api.get(`/v1/users/${user}/summaries?tier=${tier}`)).body.summaries;
const memoriesOf = async (user: string): Promise<string[]> =>
  items((await api.get(`/v1/retrieve?user_id=${user}&limit=1000&sort=oldest`)).body.results).map(
    (one) => one.id,
  );

/** What two people say to each other, a second apart. */
function talk(user: string, conversation: string, start: string, lines: readonly string[]): ImportLineBody[] {
  return lines.map((line, i) => {
    const [name, content] = line.split(/: (.*)/s) as [string, string];
    return {
      user_id: user,
      conversation_id: conversation,
      role: 'user',
      name,
      content,
      timestamp: new Date(Date.parse(start) + i * 1_000).toISOString(),
    };
  });
}

const POTTERY = [
  'Ana: Hey Ben! I started a pottery class in Porto yesterday.',
  'Ben: How was it?',
  'Ana: I made a blue vase and gave it to my grandmother.',
  'Ben: I adopted a greyhound puppy called Biscuit.',
];
const MARATHON = [
  'Ana: I signed up for the Lisbon marathon in October.',
  'Ben: Wow! I twisted my ankle while running last week.',
  'Ana: My coach Teresa wrote a training plan for me.',
];
const STUDIO = [
  'Ana: I opened a ceramics studio near the river.',
  'Ben: I moved to Berlin for a job at the zoo.',
];

describe('summaries of imported conversations', () => {
  const user = 'ana';
  beforeAll(async () => {
    const lines = [
      ...talk(user, 'one', '2023-05-08T10:00:00Z', POTTERY),
      ...talk(user, 'one', '2023-05-08T18:00:00Z', MARATHON),
      ...talk(user, 'two', '2023-09-01T09:00:00Z', STUDIO),
    ];
    const { body } = await sendImport(stack.url, ndjson(lines));
    await importEnded(stack.url, body.import_id);
    await poll('three episodes and a long line', CATCH_UP_MS, async () => {
      const arcs = await summariesOf(user, 'arc');
      return (
        (await summariesOf(user, 'episodic')).length === 3 && arcs.some((arc) => arc.text.includes('studio'))
      );
    });
  }, 120_000);

  it('cuts by the messages’ own times, and every memory is in exactly one episode', async () => {
    const episodes = await summariesOf(user, 'episodic');
    expect(episodes.map((one) => one.from)).toEqual([
      '2023-05-08T10:00:00.000Z',
      '2023-05-08T18:00:00.000Z',
      '2023-09-01T09:00:00.000Z',
    ]);
    expect(episodes.map((one) => one.freshness)).toEqual([1, 1, 1]);
    const sources = episodes.flatMap((one) => one.source_ids);
    expect([...sources].sort()).toEqual([...(await memoriesOf(user))].sort());
    expect(Object.keys(episodes[0]!).sort()).toEqual(
      [
        'confidence',
        'created_at',
        'freshness',
        'from',
        'id',
        'persona',
        'source_ids',
        'text',
        'tier',
        'to',
      ].sort(),
    );
  });

  it('tells who said what, when, in the third person', async () => {
    const [pottery] = await summariesOf(user, 'episodic');
    expect(pottery!.text).toMatch(/^On 8 May 2023 Ana and Ben talked\./);
    expect(pottery!.text).toContain('Ana made a blue vase');
    expect(pottery!.text).toContain('Ben adopted a greyhound puppy called Biscuit.');
    expect(pottery!.text).toContain('on 7 May');
  });

  it('tells long lines of episodes, in the order of time', async () => {
    const arcs = await summariesOf(user, 'arc');
    const episodes = await summariesOf(user, 'episodic');
    expect(new Set(arcs.flatMap((arc) => arc.source_ids))).toEqual(new Set(episodes.map((one) => one.id)));
    const text = arcs.map((arc) => arc.text).join(' ');
    expect(text).toMatch(/8 May 2023: .*1 September 2023: /s);
  });

  it('narrates differently at each granularity, with what answers the query first', async () => {
    const ask = async (granularity: string) =>
      (
        await api.post('/v1/retrieve', {
          user_id: user,
          query: 'What about the marathon?',
          granularity,
          include_narrative: true,
          limit: 20,
        })
      ).body.results;
    const [raw, episodic, arc] = [await ask('raw'), await ask('episodic'), await ask('arc')];
    expect([raw, episodic, arc].map((one) => one.granularity)).toEqual(['raw', 'episodic', 'arc']);
    expect(new Set([raw.narrative, episodic.narrative, arc.narrative]).size).toBe(3);
    expect(episodic.narrative.split('\n\n')[0]).toContain('marathon');
    expect(arc.narrative).toContain('marathon');
    expect(raw.summaries).toEqual([]);
    expect(episodic.summaries[0].text).toContain('marathon');
    expect(episodic.summaries.every((one: WireSummary) => one.tier === 'episodic')).toBe(true);
    expect(arc.summaries.every((one: WireSummary) => one.tier === 'arc')).toBe(true);
    expect((await ask('auto')).granularity).toBe('episodic');
  });

  it('has a source for each statement of a narrative, within the time asked for', async () => {
    const { status, body } = await api.post('/v1/narrative', {
      user_id: user,
      start_time: '2023-08-01T00:00:00Z',
      end_time: '2023-10-01T00:00:00Z',
    });
    expect(status).toBe(200);
    expect(body.narrative).toContain('ceramics studio');
    expect(body.narrative).not.toMatch(/vase|marathon/);
    expect(body.summary).not.toBe('');
    const known = await memoriesOf(user);
    expect(body.sources.length).toBeGreaterThan(0);
    for (const source of body.sources) {
      expect(body.narrative).toContain(source.statement);
      expect(source.source_ids.length).toBeGreaterThan(0);
      for (const id of source.source_ids) expect(known).toContain(id);
    }
  });

  it.each([{ filters: { conversation_id: 'two' } }, { where: { conversation: 'two' } }])(
    'narrates what passes %j, and nothing else',
    async (filter) => {
      for (const granularity of ['raw', 'episodic', 'arc']) {
        const { body } = await api.post('/v1/retrieve', {
          user_id: user,
          granularity,
          include_narrative: true,
          ...filter,
        });
        expect(body.results.narrative).toContain('ceramics studio');
        expect(body.results.narrative).not.toMatch(/vase|marathon|greyhound/);
      }
    },
  );

  it('says nothing of who has said nothing', async () => {
    expect((await api.get('/v1/users/nobody-here/summaries')).body).toEqual({
      user_id: 'nobody-here',
      summaries: [],
    });
    const { body } = await api.post('/v1/narrative', { user_id: 'nobody-here' });
    expect(body).toEqual({ user_id: 'nobody-here', narrative: '', summary: '', sources: [] });
  });

  it('names what is wrong with a request', async () => {
    const wrong = await api.post('/v1/narrative', { user_id: user, start_time: 'yesterday' });
    expectProblem(wrong, 422);
    expectPath(wrong, 'start_time');
    expectProblem(await api.get(`/v1/users/${user}/summaries?tier=weekly`), 422);
  });

  it('rebuilds summaries and long lines without a deleted memory', async () => {
    const [id] = items(
      (await api.get(`/v1/retrieve?user_id=${user}&query=greyhound+puppy+Biscuit&limit=1`)).body.results,
    ).map((one) => one.id);
    expect((await api.send('DELETE', `/v1/memories/${id}?user_id=${user}`)).status).toBe(200);
    const all = async () => JSON.stringify((await api.get(`/v1/users/${user}/summaries`)).body);
    // At once, before anything is made again.
    expect(await all()).not.toMatch(/greyhound|Biscuit/);
    await poll('the episode is summarized again', CATCH_UP_MS, async () =>
      (await summariesOf(user, 'episodic')).every((one) => one.freshness === 1),
    );
    const [pottery] = await summariesOf(user, 'episodic');
    expect(pottery!.source_ids).not.toContain(id);
    expect(pottery!.text).toContain('vase');
  });
});

const SOURDOUGH = [
  'I fed my sourdough starter with rye flour this morning.',
  'The bread dough has to rest in the bowl for four hours.',
  'I bake the loaf in a cast iron pot in the hot oven.',
  'Add a little salt and olive oil to the dough.',
  'The crust of the bread came out crisp and brown.',
  'My grandmother baked her rye bread with caraway seeds.',
  'Flour, water and salt are all the loaf needs.',
  'I knead the dough by hand on the kitchen table.',
];
const FOOTBALL = [
  'The striker scored twice in the second half of the match.',
  'Our goalkeeper was injured before the cup final.',
  'The referee gave a penalty in extra time.',
  'The team won the league with three points to spare.',
  'They sacked the coach after losing the derby.',
  'The stadium was sold out for the semi-final.',
  'The defender got a red card for that tackle.',
  'The club transferred its midfielder to Madrid.',
];

it('a change of topic ends an episode, without any pause', async () => {
  const user = 'topics';
  // Where a batch ends, as the default policy cuts them.
  const lines = [...Array.from({ length: 23 }, (_, i) => SOURDOUGH[i % 8]!), ...FOOTBALL, ...FOOTBALL];
  const said = lines.map((content, i) => ({
    user_id: user,
    conversation_id: 'kitchen',
    role: 'user',
    name: i % 2 === 0 ? 'Ana' : 'Ben',
    content,
    timestamp: new Date(Date.parse('2023-03-01T10:00:00Z') + i * 1_000).toISOString(),
  }));
  const { body } = await sendImport(stack.url, ndjson(said));
  await importEnded(stack.url, body.import_id);
  const [bread, match, ...more] = await poll('two episodes', CATCH_UP_MS, async () => {
    const found = await summariesOf(user, 'episodic');
    return found.length > 1 && found.every((one) => one.freshness === 1) && found;
  });
  expect(more).toEqual([]);
  expect([bread!.to, match!.from]).toEqual(['2023-03-01T10:00:22.000Z', '2023-03-01T10:00:23.000Z']);
  expect(bread!.text).toMatch(/dough/);
  expect(bread!.text).not.toMatch(/striker|referee|stadium/);
  expect(match!.text).not.toMatch(/dough|oven/);
});

describe('summaries of live talk', () => {
  it('are there at once, get stale with new messages, catch up, and the episode ends with silence', async () => {
    const user = 'live';
    const say = async (content: string): Promise<void> => {
      const { status } = await api.post('/v1/store', {
        user_id: user,
        conversation_id: 'chat',
        history: [{ role: 'user', content }],
      });
      expect(status).toBe(200);
    };
    await say('I bought a second-hand sailing boat.');
    const first = await poll('the open episode has a summary', CATCH_UP_MS, async () => {
      const [summary] = await summariesOf(user, 'episodic');
      return summary?.text.includes('sailing boat') ? summary : undefined;
    });
    expect(first.text).toContain('The user bought a second-hand sailing boat.');
    // Accepted, and buffered: the summary has not seen it.
    await api.send('PUT', `/v1/conversations/chat/policy?user_id=${user}`, {
      ingestion: { low_volume_batch_size: 5, flush_interval_seconds: 60 },
    });
    await api.post('/v1/conversations/chat/messages', {
      user_id: user,
      messages: [{ role: 'user', content: 'I named it Marisol.' }],
    });
    const [stale] = await summariesOf(user, 'episodic');
    expect(stale).toMatchObject({ id: first.id, freshness: 0.5 });
    await say('It leaks near the rudder.');
    const fresh = await poll('the summary has caught up', CATCH_UP_MS, async () => {
      const [summary] = await summariesOf(user, 'episodic');
      return summary?.freshness === 1 && summary.source_ids.length === 2 ? summary : undefined;
    });
    expect(fresh.id).toBe(first.id);
    expect(fresh.text).toContain('Marisol');
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS + 500));
    await poll('silence has ended it', CATCH_UP_MS, async () => (await summariesOf(user, 'arc')).length > 0);
    await say('I joined a choir in Faro.');
    const episodes = await poll('another episode has begun', CATCH_UP_MS, async () => {
      const found = await summariesOf(user, 'episodic');
      return found.length === 2 ? found : undefined;
    });
    expect(episodes.map((one) => one.source_ids.length)).toEqual([2, 1]);
    expect(Date.parse(episodes[1]!.from) - Date.parse(episodes[0]!.to)).toBeLessThan(MINUTE_MS);
  }, 120_000);
});
