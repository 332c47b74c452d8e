import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Settings } from '../../config/settings';
import type { Metrics } from '../../observability/metrics';
import { type Providers, sandboxProviders } from '../../providers/sandbox-http';
import { SilentProviders } from '../../providers/silent-providers';
import { stripePayments } from '../../providers/stripe';
import { type CallOutcome, type WatchedCall, watchCalls } from '../../providers/watched-calls';

/** The providers that are set, every call of which is measured and a span of its activity's trace, and which of them are silent. */
export function measuredProviders(
  settings: Settings,
  metrics: Metrics,
): { readonly providers: Providers; readonly silent: SilentProviders } {
  const silent = new SilentProviders();
  const providers = watchCalls(providersOf(settings), (call) => {
    silent.note(call);
    const { ms, ...labels } = call;
    metrics.providerCalls.observe(labels, ms / 1000);
    addToTrace(call);
  });
  return { providers, silent };
}

const NO_ERRORS: ReadonlySet<CallOutcome> = new Set(['done', 'refused', 'closed']);

function addToTrace({ provider, operation, outcome, ms }: WatchedCall): void {
  const endedAt = Date.now();
  const attributes = { 'ordersaga.provider': provider, 'ordersaga.outcome': outcome };
  const span = trace
    .getTracer('ordersaga')
    .startSpan(`${provider} ${operation}`, { kind: SpanKind.CLIENT, attributes, startTime: endedAt - ms });
  if (!NO_ERRORS.has(outcome)) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
  span.end(endedAt);
}

function providersOf(settings: Settings): Providers {
  const sandbox = sandboxProviders({ url: settings.SANDBOX_URL as string, timeoutMs: settings.PROVIDER_TIMEOUT_MS });
  return settings.PAYMENT_PROVIDER === 'stripe'
    ? {
        ...sandbox,
        payment: stripePayments({
          secretKey: settings.STRIPE_SECRET_KEY as string,
          timeoutMs: settings.PROVIDER_TIMEOUT_MS,
        }),
      }
    : sandbox;
}
