import { context, type Context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  extractContextFromHeaders,
  headersWithContext,
} from '@temporalio/interceptors-opentelemetry/lib/instrumentation';
import {
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/workflow';
import {
  ContinueAsNew,
  workflowInfo,
  type ActivityInput,
  type ContinueAsNewInput,
  type Next,
  type SignalInput,
  type WorkflowExecuteInput,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';

/**
 * Temporal's interceptors, but for two things. An activity belongs to the trace of the signal that came last, not to
 * that of the run's start: a conversation's run serves many requests. And the workflow's own promises are handed through
 * as they are: awaited once more they would settle later, and histories recorded without tracing would not replay.
 */
class Inbound extends OpenTelemetryInboundInterceptor {
  constructor(private readonly current: CurrentTrace) {
    super();
  }

  override execute(
    input: WorkflowExecuteInput,
    next: Next<WorkflowInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const parent = extractContextFromHeaders(input.headers) ?? ROOT_CONTEXT;
    const span = this.tracer.startSpan(`RunWorkflow:${workflowInfo().workflowType}`, {}, parent);
    this.current.context = trace.setSpan(parent, span);
    const run = context.with(this.current.context, () => next(input));
    return endingWith(span, run, (thrown) => thrown instanceof ContinueAsNew);
  }

  override handleSignal(
    input: SignalInput,
    next: Next<WorkflowInboundCallsInterceptor, 'handleSignal'>,
  ): Promise<void> {
    const parent = extractContextFromHeaders(input.headers);
    if (parent === undefined) return next(input);
    const span = this.tracer.startSpan(`HandleSignal:${input.signalName}`, {}, parent);
    this.current.context = trace.setSpan(parent, span);
    return endingWith(span, next(input));
  }
}

class Outbound extends OpenTelemetryOutboundInterceptor {
  constructor(private readonly current: CurrentTrace) {
    super();
  }

  override scheduleActivity(
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'scheduleActivity'>,
  ): Promise<unknown> {
    const parent = this.current.context;
    const span = this.tracer.startSpan(`StartActivity:${input.activityType}`, {}, parent);
    const headers = context.with(trace.setSpan(parent, span), () => headersWithContext(input.headers));
    return endingWith(span, next({ ...input, headers }));
  }

  override continueAsNew(
    input: ContinueAsNewInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'continueAsNew'>,
  ): Promise<never> {
    const headers = context.with(this.current.context, () => headersWithContext(input.headers));
    return next({ ...input, headers });
  }
}

/** The span whose part is what the workflow does next. */
interface CurrentTrace {
  context: Context;
}

/** Ends the span with `outcome`, and hands on the very same promise. */
function endingWith<T>(
  span: Span,
  outcome: Promise<T>,
  isFine: (thrown: unknown) => boolean = () => false,
): Promise<T> {
  outcome.then(
    () => span.end(),
    (thrown: unknown) => {
      if (!isFine(thrown)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  );
  return outcome;
}

/** Called by the SDK for each run. */
export function interceptors(): WorkflowInterceptors {
  const current: CurrentTrace = { context: ROOT_CONTEXT };
  return {
    inbound: [new Inbound(current)],
    outbound: [new Outbound(current)],
    internals: [new OpenTelemetryInternalsInterceptor()],
  };
}
