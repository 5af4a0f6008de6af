import { ensureError } from '../domain/errors';
import { BACKGROUND_NICE, appSpecs, fullHealth, type FullHealth } from './app-processes';
import type { ChildSpec } from './child';
import { portHolder } from './port-holder';
import { PortChooser, isPortFree, PortTakenError } from './ports';
import { runningScreen } from './screen';
import { planServers, type ServersOptions } from './servers';
import type { Supervisor } from './supervisor';

const WILDCARDS = new Set(['0.0.0.0', '::', '']);

export interface StackOptions extends ServersOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** False runs the servers alone, without the API and the worker. */
  withApp: boolean;
  log(line: string): void;
}

/** Starts everything under a supervisor that holds the data folder, and says what runs where. */
export async function startStack(supervisor: Supervisor, options: StackOptions): Promise<void> {
  const started = Date.now();
  const port = options.withApp ? await apiPort(options.port) : options.port;
  const plan = await planServers(options);
  await supervisor.start(options.withApp ? plan.children.map(inBackground) : plan.children);
  if (!options.withApp) {
    const { WEAVIATE_API_KEY: _secret, ...addresses } = plan.env;
    options.log(`servers are running: ${JSON.stringify(addresses)}`);
    return;
  }
  const apiUrl = `http://${WILDCARDS.has(options.host) ? '127.0.0.1' : hostInUrl(options.host)}:${port}`;
  const { dataDir, host } = options;
  await supervisor.start(appSpecs({ dataDir, servers: plan.env, host, port, apiUrl }));
  supervisor.announce(apiUrl);
  const seconds = (Date.now() - started) / 1_000;
  const health = await fullHealth(apiUrl).catch((thrown: unknown): FullHealth => {
    // It was ready a moment ago; if it has died since, it is being started again, and the rest runs.
    options.log(`the API does not say how all is: ${ensureError(thrown).message}`);
    return {};
  });
  options.log(runningScreen({ apiUrl, servers: plan.env, dataDir, seconds, health }));
}

/** Temporal beside an API gives way to it; servers alone have nobody to give way to. */
function inBackground(spec: ChildSpec): ChildSpec {
  return spec.name === 'temporal' ? { ...spec, nice: BACKGROUND_NICE } : spec;
}

async function apiPort(port: number): Promise<number> {
  if (port === 0) return new PortChooser(true).near(0);
  if (await isPortFree(port)) return port;
  const howOut = `It is held by ${portHolder(port)}. End that one, or start with another port: PORT=${port + 1} npm start`;
  throw new PortTakenError(port, 'the API', howOut);
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
