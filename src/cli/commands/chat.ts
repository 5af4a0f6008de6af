import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { AdaptiveMemoryOrchestrator, type MemoryClient, type MemoryInjection } from '../../client';
import { CliError, EXIT, type ExitCode } from '../exit';
import { counted } from '../words';
import type { OutputOptions } from './imports';
import { oneLine } from './memories';

export interface ChatOptions extends OutputOptions {
  user: string;
  conversation?: string;
}

/** `chat`: what is typed is remembered, and what it brings up is shown as it comes, whoever brings it up. */
export async function chat(
  client: MemoryClient,
  { user, conversation, json }: ChatOptions,
  onFailure: (error: unknown) => unknown,
): Promise<ExitCode> {
  const conversationId = conversation ?? `chat-${randomUUID().slice(0, 8)}`;
  const isPerson = process.stdin.isTTY === true && !json;
  let failure: unknown;
  let unsent: number;
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: isPerson });
  const orchestrator = new AdaptiveMemoryOrchestrator({
    client,
    userId: user,
    onError: (error) => {
      failure ??= error;
      terminal.close();
    },
  });
  const show = (injection: MemoryInjection): void => {
    console.log(
      json
        ? JSON.stringify({ conversation_id: conversationId, ...wire(injection) })
        : `  remembered (${injection.score.toFixed(2)}): ${oneLine(injection.content)}`,
    );
  };
  orchestrator.subscribeInjections(show, { conversationId, userId: user });
  if (!json)
    console.error(
      `Conversation ${conversationId} of ${user}. Say something; what it brings up is shown. Ctrl-D ends.`,
    );
  if (isPerson) terminal.prompt();
  try {
    for await (const line of terminal) {
      const content = line.trim();
      if (content !== '') {
        const { queued } = await orchestrator.streamMessage({ conversationId, role: 'user', content });
        if (queued) console.error('  (the server is away; this is sent once it is back)');
      }
      if (isPerson) terminal.prompt();
    }
  } finally {
    // The shell's own prompt begins a line.
    if (isPerson) console.error();
    unsent = (await orchestrator.shutdown()).unsent.length;
  }
  if (failure !== undefined) throw onFailure(failure);
  if (unsent > 0)
    throw new CliError(
      EXIT.unreachable,
      `the server did not come back: ${counted(unsent, 'line')} could not be sent and will not be remembered`,
      ['Is it running (npm start), and is --url right? Then say it again.'],
    );
  return EXIT.done;
}

function wire({ memoryId, ...rest }: MemoryInjection): object {
  return { memory_id: memoryId, ...rest };
}
