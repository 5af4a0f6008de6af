import { randomUUID } from 'node:crypto';
import {
  AdaptiveMemoryOrchestrator,
  ChatRuntimeBridge,
  IngestionPolicy,
  MemoryClient,
  Message,
  MessageEvent,
  MessageRole,
  RetrievalPolicy,
  ShutdownError,
  TranscriptRequest,
  ValidationError,
  type MemoryInjection,
} from '../../src/client';
import { poll } from '../support/poll';
import { startReadyApi, startStack, type ApiProcess, type Stack } from '../support/stack';

const DEADLINE_MS = 20_000;

let stack: Stack;
let client: MemoryClient;
beforeAll(async () => {
  stack = await startStack({ env: { STORE_WAIT_MS: '20000', EMBEDDER: 'none', STREAM_HEARTBEAT_MS: '500' } });
  client = new MemoryClient({ baseUrl: stack.url });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

/** A user who has said a few things before. */
async function someone(): Promise<string> {
  const userId = `user-${randomUUID()}`;
  await client.store({
    user_id: userId,
    conversation_id: 'before',
    history: [
      { role: 'user', content: 'My savings goal is 10,000 euros, and I have reached 60% of it.' },
      { role: 'user', content: 'I am allergic to peanuts.' },
    ],
  });
  return userId;
}

const SAVINGS = 'How far am I with my savings goal?';
const ALLERGY = 'Which foods am I allergic to?';
const contents = (list: readonly MemoryInjection[]): string[] => list.map((one) => one.content);

describe('the guide’s examples, line by line', () => {
  it('quick start', async () => {
    const userId = await someone();
    const pushed: string[] = [];
    const chatbot = { pushMemory: async (content: string) => void pushed.push(content) };
    const session = { conversationId: 'session-1' };
    const conversationStream = () => [
      { id: 't1', role: 'user', content: SAVINGS, user_id: userId },
      { id: 't2', role: 'assistant', content: 'Let me look.', user_id: userId },
      { role: 'user', content: ALLERGY, user_id: userId },
    ];

    const orchestrator = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url });

    const onMemory = async (injection: MemoryInjection): Promise<void> => {
      await chatbot.pushMemory(injection.content);
    };

    const conversationId = session.conversationId;
    const subscription = orchestrator.subscribeInjections(onMemory, { conversationId });
    try {
      for (const turn of conversationStream()) {
        const event = new MessageEvent({
          conversationId,
          messageId: turn.id,
          role: MessageRole(turn.role),
          content: turn.content,
          metadata: { user_id: turn.user_id },
        });
        await orchestrator.streamMessage(event);
      }
    } finally {
      await orchestrator.shutdown();
      subscription.close();
    }

    expect(pushed).toEqual([
      'My savings goal is 10,000 euros, and I have reached 60% of it.',
      'I am allergic to peanuts.',
    ]);
    const seen = await client.conversation({ user_id: userId, conversation_id: conversationId });
    expect(seen.appended_through).toBe(3);
  });

  it('batch ingestion from existing transcripts', async () => {
    const userId = await someone();
    const history = [
      new Message({ role: 'user', content: 'How is my savings goal looking?' }),
      new Message({ role: 'assistant', content: "You're 60% of the way there." }),
    ];

    const bridge = new ChatRuntimeBridge({ baseUrl: stack.url });
    const injections = await bridge.runWithInjections(new TranscriptRequest({ userId, history }));
    const printed: string[][] = [];
    for (const injection of injections) {
      printed.push(['retrieved memory', injection.memoryId, injection.content]);
    }

    expect(printed).toEqual([
      [
        'retrieved memory',
        expect.stringMatching(/^[0-9a-f-]{36}$/),
        'My savings goal is 10,000 euros, and I have reached 60% of it.',
      ],
    ]);
    const ingested = await bridge.ingestTranscript({ userId, conversationId: 'again', history });
    expect(ingested).toMatchObject({ accepted: 2, flushed: true });
  });

  it('tuning policies', async () => {
    const orchestrator = new AdaptiveMemoryOrchestrator({
      ingestionPolicy: new IngestionPolicy({
        lowVolumeCutoff: 4,
        highVolumeCutoff: 12,
        mediumVolumeBatchSize: 4,
        flushIntervalSeconds: 15,
      }),
      retrievalPolicy: new RetrievalPolicy({ minSimilarity: 0.65, maxInjectionsPerMessage: 2 }),
      baseUrl: stack.url,
    });

    const userId = await someone();
    const metadata = { user_id: userId };
    await orchestrator.streamMessage({ conversationId: 'tuned', role: 'user', content: 'Hello', metadata });
    const { policy } = await client.conversation({ user_id: userId, conversation_id: 'tuned' });
    expect(policy).toMatchObject({
      ingestion: {
        low_volume_cutoff: 4,
        high_volume_cutoff: 12,
        low_volume_batch_size: 1,
        medium_volume_batch_size: 4,
        flush_interval_seconds: 15,
      },
      retrieval: { min_similarity: 0.65, max_injections_per_message: 2, lookback_messages: 4 },
    });
    await orchestrator.shutdown();
  });
});

describe('subscriptions', () => {
  it('hear their conversation, or all of the orchestrator’s, sync or async, whoever of them fails', async () => {
    const userId = await someone();
    const errors: unknown[] = [];
    const orchestrator = new AdaptiveMemoryOrchestrator({
      baseUrl: stack.url,
      userId,
      onError: (error) => errors.push(error),
    });
    const [scoped, other, all, late] = [[], [], [], []] as MemoryInjection[][];
    orchestrator.subscribeInjections(() => Promise.reject(new Error('async')), { conversationId: 'a' });
    orchestrator.subscribeInjections(() => {
      throw new Error('sync');
    });
    orchestrator.subscribeInjections((one) => void scoped!.push(one), { conversationId: 'a' });
    orchestrator.subscribeInjections((one) => void other!.push(one), { conversationId: 'b' });
    orchestrator.subscribeInjections(async (one) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      all!.push(one);
    });
    const ending = orchestrator.subscribeInjections((one) => void late!.push(one));

    const turn = await orchestrator.streamMessage({ conversationId: 'a', role: 'user', content: SAVINGS });
    expect(contents(turn.injections)).toHaveLength(1);
    expect(turn.injections[0]).toMatchObject({
      source: 'short_term',
      channel: 'inline',
      metadata: { layer: 'short-term', conversation_id: 'a' },
    });
    ending.close();
    ending.close();
    await orchestrator.streamMessage({ conversationId: 'b', role: 'user', content: ALLERGY });

    expect(contents(scoped!)).toEqual(contents(turn.injections));
    expect(contents(other!)).toEqual(['I am allergic to peanuts.']);
    expect(contents(all!)).toEqual([...contents(scoped!), ...contents(other!)]);
    expect(late).toEqual(scoped);
    expect(errors.map((error) => (error as Error).message).sort()).toEqual(['async', 'sync', 'sync']);
    await orchestrator.shutdown();
  });

  it('hear what another process puts into their conversation, once, also when the server was killed on the way', async () => {
    const userId = await someone();
    const mortal: ApiProcess = await startReadyApi({ env: stack.env });
    let target = mortal.url;
    // What a load balancer does: the next connection goes to who is alive.
    const balanced: typeof fetch = (input, init) =>
      fetch(String(input).replace('http://balanced', target), init);
    const here = new AdaptiveMemoryOrchestrator({
      baseUrl: 'http://balanced',
      fetch: balanced,
      userId,
      onError: () => undefined,
    });
    const there = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url, userId });
    const heard: MemoryInjection[] = [];
    here.subscribeInjections((one) => void heard.push(one), { conversationId: 'shared' });
    // A subscription hears others once its stream stands.
    await poll('the stream stands', DEADLINE_MS, async () => {
      await there.streamMessage({ conversationId: 'shared', role: 'user', content: SAVINGS });
      return heard.length > 0;
    });
    const before = heard.length;
    mortal.kill('SIGKILL');
    await mortal.ended;
    const asked = await there.streamMessage({ conversationId: 'shared', role: 'user', content: ALLERGY });
    expect(asked.injections).toHaveLength(1);
    target = stack.url;
    await poll('it is heard', DEADLINE_MS, async () => heard.length > before);
    // Streamed here too: known by its id, and not delivered a second time.
    const again = await here.streamMessage({
      conversationId: 'shared',
      role: 'user',
      content: ALLERGY,
      messageId: asked.messageId,
    });
    expect(again).toMatchObject({ duplicate: true, injections: asked.injections });
    expect(heard.slice(before)).toEqual(asked.injections);
    await Promise.all([here.shutdown(), there.shutdown()]);
  });

  it('without a conversation hear what their own orchestrator streams, of every user, and nothing of others', async () => {
    const [ada, bo] = [await someone(), await someone()];
    const here = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url });
    const there = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url });
    const [heard, heardThere] = [[], []] as MemoryInjection[][];
    here.subscribeInjections((one) => void heard!.push(one));
    there.subscribeInjections((one) => void heardThere!.push(one));
    const ask = (orchestrator: AdaptiveMemoryOrchestrator, conversationId: string, userId: string) =>
      orchestrator.streamMessage({
        conversationId,
        role: 'user',
        content: ALLERGY,
        metadata: { user_id: userId },
      });
    // The same name under another user is another conversation.
    await Promise.all([ask(here, 'same', ada), ask(here, 'same', bo), ask(there, 'elsewhere', ada)]);
    await Promise.all([here.shutdown(), there.shutdown()]);
    expect(heard!.map((one) => one.metadata.conversation_id)).toEqual(['same', 'same']);
    expect(heardThere!.map((one) => one.metadata.conversation_id)).toEqual(['elsewhere']);
  });

  it('hear what messages bring up that had to wait for the server, once and in order', async () => {
    const userId = await someone();
    let isAway = true;
    const flaky: typeof fetch = (input, init) =>
      isAway ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init);
    const orchestrator = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url, fetch: flaky, userId });
    const heard: MemoryInjection[] = [];
    orchestrator.subscribeInjections((one) => void heard.push(one), { conversationId: 'waited' });
    const turns = [];
    for (const content of [SAVINGS, ALLERGY])
      turns.push(await orchestrator.streamMessage({ conversationId: 'waited', role: 'user', content }));
    expect(turns).toEqual(
      turns.map(() => expect.objectContaining({ queued: true, injections: [], seq: null })),
    );
    expect(orchestrator.waiting).toBe(2);
    isAway = false;
    await poll('they are sent', DEADLINE_MS, async () => orchestrator.waiting === 0);
    expect(await orchestrator.flush({ conversationId: 'waited' })).toBe(true);
    expect(contents(heard)).toEqual([
      'My savings goal is 10,000 euros, and I have reached 60% of it.',
      'I am allergic to peanuts.',
    ]);
    const seen = await client.conversation({ user_id: userId, conversation_id: 'waited' });
    expect(seen).toMatchObject({ appended_through: 2, pending: 0 });
    expect(await orchestrator.shutdown()).toEqual({ unsent: [] });
  });

  it('say when the server refuses them for good', async () => {
    const errors: unknown[] = [];
    const orchestrator = new AdaptiveMemoryOrchestrator({
      baseUrl: stack.url,
      onError: (error) => errors.push(error),
    });
    orchestrator.subscribeInjections(() => undefined, { conversationId: 'c', userId: 'x'.repeat(201) });
    await poll('it is told', DEADLINE_MS, async () => errors.length > 0);
    expect(errors[0]).toBeInstanceOf(ValidationError);
    await orchestrator.shutdown();
  });
});

describe('the orchestrator', () => {
  it('flushes, fetches, and throws after shutdown', async () => {
    const userId = await someone();
    const orchestrator = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url, userId });
    await orchestrator.streamMessage({ conversationId: 'f', role: 'user', content: 'I moved to Lisbon.' });
    expect(await orchestrator.flush()).toBe(true);
    expect(await orchestrator.flush({ conversationId: 'f' })).toBe(true);
    const found = await orchestrator.fetchMemories({
      conversationId: 'f',
      query: 'Where did I move to?',
      limit: 1,
    });
    expect(contents(found)).toEqual(['I moved to Lisbon.']);
    expect(await orchestrator.shutdown()).toEqual({ unsent: [] });
    expect(await orchestrator.shutdown()).toEqual({ unsent: [] });
    const event = { conversationId: 'f', role: 'user' as const, content: 'Hello?' };
    await expect(orchestrator.streamMessage(event)).rejects.toThrow(ShutdownError);
    await expect(orchestrator.flush()).rejects.toThrow(ShutdownError);
    await expect(orchestrator.fetchMemories({ conversationId: 'f', query: 'x' })).rejects.toThrow(
      ShutdownError,
    );
    expect(() => orchestrator.subscribeInjections(() => undefined)).toThrow(ShutdownError);
  });

  it('passes on what the server refuses', async () => {
    const orchestrator = new AdaptiveMemoryOrchestrator({ baseUrl: stack.url });
    const refused = orchestrator.streamMessage({ conversationId: 'r', role: 'user', content: '  ' });
    await expect(refused).rejects.toMatchObject({
      status: 422,
      errors: [{ path: 'content', message: 'must not be blank' }],
    });
    await orchestrator.shutdown();
  });
});
