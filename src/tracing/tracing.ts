import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { ClientInterceptors } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';

/** What a request's span says of it. */
export interface TracedRequest {
  method: string;
  /** Its pattern, such as `/v1/memories/{memory_id}`: never an id. */
  route: string;
  requestId: string;
  /** Where the caller's own trace is found (`traceparent`). */
  headers: IncomingHttpHeaders;
}

/** Runs work as a part of the span that was open when this was made. */
export type InItsSpan = <T>(work: () => T) => T;

/**
 * One trace from a request through the workflow that it starts or signals to the workflow's activities. Spans have
 * names, times and the ids of requests and runs; no text, and no id of a user or conversation (see scrubbed-spans).
 */
export interface Tracing {
  /** Runs what answers a request in a span of its own. */
  request<T>(request: TracedRequest, response: ServerResponse, work: () => Promise<T>): Promise<T>;
  /** For work that goes on behind the answer. */
  keepSpan(): InItsSpan;
  clientInterceptors: ClientInterceptors;
  /** The workflows have to be bundled with these: a bundle made without them traces nothing. */
  workerOptions: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  /** Sends what has not been sent yet, for at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

/** OpenTelemetry's own variables, by which traces are wanted or not. */
export interface TracingSettings {
  endpoint: string;
  tracesEndpoint: string;
  exporter: string;
  disabled: boolean;
}

/** Off unless a collector is named or asked for, as OpenTelemetry's specification names the variables. */
export function tracingWanted(settings: TracingSettings): boolean {
  if (settings.disabled || settings.exporter === 'none') return false;
  return settings.exporter === 'otlp' || settings.endpoint !== '' || settings.tracesEndpoint !== '';
}

/** Null when traces are not wanted; nothing of OpenTelemetry is loaded then. */
export async function startTracing(
  settings: TracingSettings,
  serviceName: string,
  log: Logger,
): Promise<Tracing | null> {
  if (!tracingWanted(settings)) return null;
  const { createTracing } = await import('./create-tracing.js');
  return createTracing(serviceName, log);
}
