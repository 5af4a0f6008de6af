import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../support/python';
import { startStack, type Stack } from '../support/stack';

const FOLDER = path.resolve(__dirname.replace(/([\\/])dist[\\/]/, '$1'), 'python');
const CLIENTS_DEADLINE_MS = 120_000;

const environment = pythonEnvironment(path.join(FOLDER, 'requirements.txt'));
if ('missing' in environment)
  console.warn(`The guide's clients are NOT tested: no Python for them: ${environment.missing}`);
const withPython = 'missing' in environment ? describe.skip : describe;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { EPISODE_PAUSE_MS: '2000', STORE_WAIT_MS: '20000' } });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

/** What run_guide_clients.py prints; its shape is that script's. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Output = Record<string, any>;

withPython('the guide’s Python clients, unchanged', () => {
  let out: Output;
  beforeAll(async () => {
    if ('missing' in environment) return;
    const script = path.join(FOLDER, 'run_guide_clients.py');
    const { stdout } = await promisify(execFile)(environment.python, [script, stack.url, 'guide'], {
      timeout: CLIENTS_DEADLINE_MS,
      maxBuffer: 50_000_000,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    out = JSON.parse(stdout) as Output;
  }, CLIENTS_DEADLINE_MS + 10_000);

  it('SimpleMemoryChatbot stores, finds and answers from what it found', () => {
    const { stored, found, reply } = out['simple'];
    expect(stored).toMatchObject({
      memories_created: 4,
      duplicates_avoided: 0,
      conversation_id: 'guide-simple',
    });
    expect(stored.ids).toHaveLength(4);
    expect(stored.workflow_id).toMatch(/^conversation:/);
    expect(found.results[0].content).toContain('I moved to Lisbon');
    expect(reply).toContain('Based on your memories: - ');
    expect(reply).toContain('Where does Pepper live?');
  });
  it('BasicMemoryChatbot has memories in its prompt', () => {
    expect(out['basic'].prompt).toMatch(/- .*Pepper/);
    expect(out['basic'].reply).toBe('Understood, that is answer number 1.');
  });
  it('PersonaAwareChatbot tags by the persona it forces, and gets a narrative', () => {
    const { prompt, tagged } = out['persona'];
    expect(prompt).toMatch(/User's recent activities: \S/);
    expect(prompt).toMatch(/- .*index funds/);
    expect(tagged.results.map((item: { persona_tags: string[] }) => item.persona_tags[0])).toContain(
      'finance',
    );
    expect(JSON.stringify(tagged.results)).toContain('How should I invest my money?');
  });
  it('MultiPersonaChatbot has context of every persona', () => {
    expect(out['multi'].prompt).toContain('Finance context:');
    expect(out['multi'].prompt).toContain('Identity context:');
    expect(out['multi'].prompt).toContain('user: What did I buy for my portfolio?');
  });
  it('FinancialAdvisorChatbot and HealthCoachChatbot get a narrative', () => {
    expect(out['financial'].prompt).toMatch(/User's financial history: \S/);
    expect(out['financial'].prompt).toContain('ACME');
    expect(out['health'].prompt).toMatch(/User's health journey: \S/);
    expect(out['health'].prompt).toContain('marathon');
  });
  it('FinancialAdvisorChatbot has in its portfolio what was bought and sold, and nothing else', () => {
    const lines = (out['financial'].portfolio as string).split('\n');
    expect(lines.some((line) => /^- .*bought 40 shares of NVDA/.test(line))).toBe(true);
    expect(lines.some((line) => /^- .*sold all 15 shares of my TSLA/.test(line))).toBe(true);
    expect(out['financial'].portfolio).not.toContain('suit');
  });
  it('HealthCoachChatbot has what was felt as its emotional context, and how', () => {
    const emotional = out['health'].emotional as string;
    const felt = (words: string): number => {
      const line = emotional.split('\n').find((one) => one.includes(words));
      return Number(/\(emotion: \{.*'valence': (-?[\d.]+)/.exec(line ?? '')?.[1]);
    };
    expect(felt('knee hurts')).toBeLessThan(-0.2);
    expect(felt('swam a whole kilometre')).toBeGreaterThan(0.2);
    expect(emotional).not.toContain('opens at seven');
  });
  it('SummarizedMemoryChatbot has summaries in both sections of its prompt', () => {
    const { sections, summaries } = out['summarized'];
    for (const tier of ['arc', 'episodic']) {
      expect(sections[tier]).toContain('swam a whole kilometre');
      expect(summaries[tier].some((text: string) => sections[tier].includes(text))).toBe(true);
    }
  });
  it('SummarizedMemoryChatbot gets a narrative at every granularity, and none of nothing', () => {
    const { arc, episodic, nothing, reply } = out['summarized'];
    expect(arc).toContain('Lisbon');
    expect(episodic).toContain('Lisbon');
    expect(nothing).toBe('');
    expect(reply).toBe('Understood, that is answer number 1.');
  });
  it('ExplainableMemoryChatbot explains', () => {
    const { explanation } = out['explainable'];
    expect(explanation.persona).toMatchObject({
      selected: 'finance',
      confidence: expect.any(Number),
    });
    for (const weight of Object.values(explanation.weights)) expect(weight).toEqual(expect.any(Number));
    expect(Object.keys(explanation.weights).sort()).toEqual([
      'emotional',
      'importance',
      'semantic',
      'temporal',
    ]);
    expect(explanation.source_memories.length).toBeGreaterThan(0);
    for (const link of explanation.source_memories) {
      expect(link.semantic + link.temporal + link.importance + link.emotional).toBeCloseTo(link.score, 5);
      expect(link.reason).toEqual(expect.any(String));
    }
  });
  it('StatefulMemoryChatbot carries its state on', () => {
    const { replies, states, prompts, afresh } = out['stateful'];
    expect(replies).toHaveLength(2);
    expect(states).toMatchObject([
      { active_personas: ['health'], mood: 'positive' },
      { active_personas: ['health'], mood: 'neutral' },
    ]);
    expect(prompts[1]).toContain("'active_personas': ['health']");
    // One that carries nothing is given what was talked of last, with another client.
    expect(afresh.active_personas).toEqual(['finance']);
  });
  it('MonitoredMemoryChatbot runs', () => {
    expect(out['monitored']).toBeNull();
  });
  it('RobustMemoryChatbot falls back only when nothing answers', () => {
    expect(out['robust']).toMatchObject({ fallback: false, lost: true });
    expect(out['robust'].prompt).toMatch(/Context: - .*Lisbon/s);
  });
  it('ResilientMemoryChatbot caches only when nothing answers', () => {
    expect(out['resilient']).toMatchObject({ kept: true, cache: {} });
    expect(out['resilient'].found.results[0].content).toBe('I play the cello on Tuesdays.');
    expect(out['resilient'].lost.results).toEqual([{ role: 'user', content: 'Only here' }]);
  });
  it('AsyncMemoryChatbot stores and retrieves at the same time', () => {
    expect(out['async'].reply).toBe('Understood, that is answer number 1.');
    expect(out['async'].prompt).toMatch(/- .*Lisbon/s);
  });
});

describe('the guide’s requests to the orchestrator', () => {
  const post = async (route: string, body: string): Promise<Output> => {
    const response = await fetch(`${stack.url}${route}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Output;
  };

  it('streams a turn and is given what was said before', async () => {
    const before = await post(
      '/v1/orchestrator/message',
      `{"conversation_id": "chat-41", "role": "user", "content": "My savings goal is 10,000 euros, and I have reached 60% of it.",
        "metadata": {"user_id": "user-123"}, "flush": true}`,
    );
    expect(before).toMatchObject({ injections: [], flushed: true, seq: 1, duplicate: false });
    const streamed = await post(
      '/v1/orchestrator/message',
      `{
        "conversation_id": "chat-42",
        "role": "user",
        "content": "Any updates on my savings goal?",
        "metadata": {"user_id": "user-123"},
        "flush": true
      }`,
    );
    expect(streamed['conversation_id']).toBe('chat-42');
    expect(streamed['injections']).toEqual([
      {
        memory_id: expect.any(String),
        content: 'My savings goal is 10,000 euros, and I have reached 60% of it.',
        source: 'short_term',
        channel: 'inline',
        score: expect.any(Number),
        metadata: { layer: 'short-term', conversation_id: 'chat-42' },
      },
    ]);
  });

  it('retrieves without a turn', async () => {
    const retrieved = await post(
      '/v1/orchestrator/retrieve',
      `{
        "conversation_id": "chat-42",
        "query": "budget status",
        "metadata": {"user_id": "user-123"},
        "limit": 5
      }`,
    );
    expect(Object.keys(retrieved)).toEqual(['injections']);
    expect(retrieved['injections'].length).toBeGreaterThan(0);
    for (const injection of retrieved['injections']) {
      expect(Object.keys(injection).sort()).toEqual([
        'channel',
        'content',
        'memory_id',
        'metadata',
        'score',
        'source',
      ]);
      expect(injection.metadata.conversation_id).toBe('chat-42');
    }
  });
});
