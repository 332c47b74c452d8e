import type { Settings } from '../../config/settings';
import type { Metrics } from '../../observability/metrics';
import { type Providers, sandboxProviders } from '../../providers/sandbox-http';
import { SilentProviders } from '../../providers/silent-providers';
import { stripePayments } from '../../providers/stripe';
import { watchCalls } from '../../providers/watched-calls';

/** The providers that are set, every call of which is measured, and which of them are silent. */
export function measuredProviders(
  settings: Settings,
  metrics: Metrics,
): { readonly providers: Providers; readonly silent: SilentProviders } {
  const silent = new SilentProviders();
  const providers = watchCalls(providersOf(settings), ({ ms, ...call }) => {
    silent.note(call);
    metrics.providerCalls.observe(call, ms / 1000);
  });
  return { providers, silent };
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
