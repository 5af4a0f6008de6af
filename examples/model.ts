/** A language model: give it a prompt, get its answer. */
export interface Model {
  generate(prompt: string): Promise<string>;
}

/**
 * The model that the examples talk to. `LLM_URL` (with `LLM_MODEL` and `LLM_API_KEY`) names a service that speaks the
 * OpenAI API, such as `https://api.openai.com/v1` or `http://localhost:11434/v1`. Without it a stub answers, which
 * repeats what of the prompt came from memory: enough to see what a real one would be told.
 */
export function modelFromEnvironment(): Model {
  const url = process.env['LLM_URL'];
  return url ? chatCompletions(url) : stub;
}

const NOTHING = 'I know nothing about that yet.';
const REMEMBERED = 'I remember:';

const stub: Model = {
  generate: async (prompt) => {
    const remembered = prompt
      .split('\n')
      .flatMap((line) => /^\s*- (.+)/.exec(line)?.[1] ?? [])
      // Its own answers are stored as well, and say nothing new.
      .filter((line) => !line.startsWith(NOTHING) && !line.startsWith(REMEMBERED));
    return remembered.length === 0 ? NOTHING : `${REMEMBERED} ${[...new Set(remembered)].join(' | ')}`;
  },
};

function chatCompletions(url: string): Model {
  return {
    generate: async (prompt) => {
      const response = await fetch(`${url.replace(/\/+$/, '')}/chat/completions`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Bearer ${process.env['LLM_API_KEY'] ?? ''}`,
        },
        body: JSON.stringify({
          model: process.env['LLM_MODEL'] ?? 'gpt-4o-mini',
          messages: [{ role: 'user', content: prompt }],
        }),
        signal: AbortSignal.timeout(60_000),
      });
      if (!response.ok) throw new Error(`the model answered ${response.status}: ${await response.text()}`);
      const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
      return choices[0]?.message.content ?? '';
    },
  };
}
