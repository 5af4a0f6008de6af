import type { FullHealth } from './app-processes';
import type { ServersEnv } from './servers';

export interface RunningStack {
  apiUrl: string;
  servers: ServersEnv;
  dataDir: string;
  seconds: number;
  health: FullHealth;
}

const LABEL_WIDTH = 13;
const EXAMPLE_STORE = {
  user_id: 'ada',
  conversation_id: 'chat-1',
  history: [
    { role: 'user', content: 'My sister Lin moved to Oslo in May.' },
    { role: 'assistant', content: 'How does she like it there?' },
  ],
};

/** What a person needs once everything runs: what runs where, and a first request to try. */
export function runningScreen(stack: RunningStack): string {
  const { apiUrl, servers } = stack;
  const rows: Array<[string, string]> = [
    ['API', apiUrl],
    ['Docs', `${apiUrl}/docs`],
    [
      'Temporal',
      `${servers.TEMPORAL_ADDRESS}${servers.TEMPORAL_UI_URL && `, UI ${servers.TEMPORAL_UI_URL}`}`,
    ],
    ['Postgres', withoutPassword(servers.DATABASE_URL)],
    ['Weaviate', `${servers.WEAVIATE_URL}, gRPC ${servers.WEAVIATE_GRPC}`],
    ['Data', stack.dataDir],
    ['Logs', `${stack.dataDir}/logs`],
  ];
  const notes = Object.entries(stack.health.checks ?? {})
    .filter(([, check]) => check !== undefined && check.status !== 'ok' && check.detail !== undefined)
    .map(([name, check]) => `  ${name}: ${check?.status}, ${check?.detail}`);
  return [
    '',
    `Agentic Memories is running (up in ${stack.seconds.toFixed(1)} s)`,
    '',
    ...rows.map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)}${value}`),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
    'Try it:',
    '',
    `  curl -s ${apiUrl}/v1/store -H 'Content-Type: application/json' \\`,
    `    -d '${JSON.stringify(EXAMPLE_STORE)}'`,
    `  curl -s '${apiUrl}/v1/retrieve?user_id=ada&query=where%20does%20my%20sister%20live'`,
    '',
    'Ctrl-C stops everything; the data stays.',
    '',
  ].join('\n');
}

function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^:@/]+):[^@/]*@/, '$1:***@');
}
