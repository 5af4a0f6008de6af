import { setTimeout as sleep } from 'node:timers/promises';
import { conversationWorkflowId } from '../../src/domain/ids';
import type { ConversationRef } from '../../src/domain/message';
import { signalMessagesStored } from '../../src/temporal/conversation-signals';
import type { MessagesStored } from '../../workflows/conversation.contract';
import { IMPORT_PRIORITY_KEY, LIVE_PRIORITY_KEY } from '../../workflows/priorities.contract';
import { until } from './support/until';
import { openWorld, quietRuntime, type WorkflowWorld } from './support/workflow-world';

const QUEUED_CONVERSATIONS = 12;
/** A step that is in the history may be on its way to the queue still: a few others may go meanwhile. */
const STEP_MS = 50;

quietRuntime();
let world: WorkflowWorld;
beforeAll(async () => {
  world = await openWorld({ concurrency: 1 });
});
afterAll(() => world.close());

/** An import lets a message go. */
async function letGo(ref: ConversationRef): Promise<void> {
  const throughSeq = world.ingest.store(ref);
  const start = { taskQueue: world.taskQueue, idleCloseMs: 60_000, maxEvents: 4_000, imported: true };
  const signal: MessagesStored = { throughSeq, flushThrough: throughSeq };
  await signalMessagesStored(world.client, start, ref, signal);
}

const stepsOf = async (ref: ConversationRef) =>
  (await world.history(ref)).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);

it('what is live goes before the imports that wait for a worker, in a run that an import began too', async () => {
  const begun = world.newConversation();
  await letGo(begun);
  await world.indexed(begun, 1);

  const order: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  world.ingest.beforeIngest = async ({ ref }) => {
    order.push(conversationWorkflowId(ref));
    await (order.length === 1 ? gate : sleep(STEP_MS));
  };
  const others = Array.from({ length: QUEUED_CONVERSATIONS + 1 }, () => world.newConversation());
  for (const [place, ref] of others.entries()) {
    await letGo(ref);
    await until('its step is at work or waits', async () => (await stepsOf(ref)).length === 1);
    if (place === 0) await until('the worker is at work', () => order.length === 1);
  }
  await world.say(begun);
  await until('the step for what is live waits', async () => (await stepsOf(begun)).length === 2);
  open();
  await world.indexed(begun, 2);
  await Promise.all(others.map((ref) => world.indexed(ref, 1)));
  expect(order.indexOf(conversationWorkflowId(begun))).toBeLessThan(QUEUED_CONVERSATIONS / 2);

  const run = await world.client.workflow.getHandle(conversationWorkflowId(begun)).describe();
  expect(run.priority).toMatchObject({ priorityKey: IMPORT_PRIORITY_KEY });
  const [, live] = await stepsOf(begun);
  expect(live!.priority).toMatchObject({
    priorityKey: LIVE_PRIORITY_KEY,
    fairnessKey: run.priority!.fairnessKey,
  });

  await letGo(begun);
  await world.indexed(begun, 3);
  const [, , imported] = await stepsOf(begun);
  expect(imported!.priority?.priorityKey || IMPORT_PRIORITY_KEY).toBe(IMPORT_PRIORITY_KEY);
});
