import { Client, Connection, type ClientInterceptors } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

/** Where Temporal is. TLS and keys come from the variables and the file that every Temporal tool reads (envconfig). */
export interface TemporalAddress {
  address: string;
  namespace: string;
}

/** gRPC's own default grows to two minutes: far too long to notice that Temporal is back. */
const MAX_RECONNECT_BACKOFF_MS = 2_000;
const MIN_RECONNECT_BACKOFF_MS = 200;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A client that connects on first use, so that the API boots and answers without Temporal. It reconnects by itself.
 * Wrap its calls in `client.withDeadline`: without, a call waits through ten retries.
 */
export function createTemporalClient(
  at: TemporalAddress,
  interceptors: ClientInterceptors = {},
): { client: Client; close: () => Promise<void> } {
  const connection = Connection.lazy({
    ...connectionOptions(at),
    connectTimeout: CONNECT_TIMEOUT_MS,
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': MIN_RECONNECT_BACKOFF_MS,
      'grpc.min_reconnect_backoff_ms': MIN_RECONNECT_BACKOFF_MS,
      'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_BACKOFF_MS,
    },
  });
  const client = new Client({ connection, namespace: at.namespace, interceptors });
  return { client, close: () => connection.close() };
}

/** What every connection to Temporal is opened with. */
export function connectionOptions(at: TemporalAddress) {
  const { apiKey, tls, metadata } = loadClientConnectConfig().connectionOptions;
  return {
    address: at.address,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
