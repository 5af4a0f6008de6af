import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client';
import type { Logger } from 'pino';
import { ScrubbedSpans } from './scrubbed-spans';
import type { Tracing } from './tracing';

const SERVER_ERRORS_FROM = 500;

/** OpenTelemetry, set up once a process. Exporter, sampler and batches are what its own variables say. */
export function createTracing(serviceName: string, log: Logger): Tracing {
  diag.setLogger(diagnostics(log), DiagLogLevel.WARN);
  const named = detectResourcesSync({ detectors: [envDetectorSync] });
  const resource = Resource.default()
    .merge(new Resource({ 'service.name': serviceName }))
    .merge(named);
  const spans = new ScrubbedSpans(new BatchSpanProcessor(new OTLPTraceExporter()));
  const provider = new NodeTracerProvider({ resource, spanProcessors: [spans] });
  // Not OpenTelemetry's baggage: a caller's words would go on into histories and to others.
  provider.register({ propagator: new W3CTraceContextPropagator() });
  const tracer = trace.getTracer('agentic-memories');

  return {
    async request(request, response, work) {
      const parent = propagation.extract(context.active(), request.headers);
      const attributes = {
        'http.request.method': request.method,
        'http.route': request.route,
        request_id: request.requestId,
      };
      const options = { kind: SpanKind.SERVER, attributes };
      const span = tracer.startSpan(`${request.method} ${request.route}`, options, parent);
      try {
        return await context.with(trace.setSpan(parent, span), work);
      } finally {
        endWith(span, response);
      }
    },
    keepSpan() {
      const open = context.active();
      return (work) => context.with(open, work);
    },
    clientInterceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] },
    workerOptions: {
      interceptors: {
        activity: [
          (activity) => ({
            inbound: new OpenTelemetryActivityInboundInterceptor(activity),
            outbound: new OpenTelemetryActivityOutboundInterceptor(activity),
          }),
        ],
        workflowModules: [require.resolve('./workflow-interceptors')],
      },
      sinks: { exporter: makeWorkflowExporter(spans, resource) },
    },
    async close(deadlineMs) {
      const late = new AbortController();
      const sent = provider.shutdown().catch((err: unknown) => log.warn({ err }, 'the last spans were lost'));
      await Promise.race([
        sent,
        sleep(deadlineMs, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
    },
  };
}

function endWith(span: ReturnType<typeof trace.wrapSpanContext>, response: ServerResponse): void {
  span.setAttribute('http.response.status_code', response.statusCode);
  if (response.statusCode >= SERVER_ERRORS_FROM) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** A collector that is away is worth a line, and no more: the product does not need it. */
function diagnostics(log: Logger) {
  const say =
    (level: 'warn' | 'debug') =>
    (message: string): void =>
      log[level]({ opentelemetry: message }, 'tracing');
  return {
    error: say('warn'),
    warn: say('warn'),
    info: say('debug'),
    debug: say('debug'),
    verbose: say('debug'),
  };
}
