import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import type { NativeConnection, NativeConnectionOptions } from '@temporalio/worker';
import type { Settings } from '../config/settings';
import { tracingClientInterceptor } from '../observability/temporal-tracing';

/** How to reach Temporal: in the clear, by TLS, by mTLS, or with an API key. */
export function temporalConnectionOptions(settings: Settings): NativeConnectionOptions {
  const { TEMPORAL_TLS_CERT_FILE: cert, TEMPORAL_TLS_KEY_FILE: key, TEMPORAL_TLS_CA_FILE: ca } = settings;
  const tls = {
    ...(ca ? { serverRootCACertificate: readFileSync(ca) } : {}),
    ...(cert && key ? { clientCertPair: { crt: readFileSync(cert), key: readFileSync(key) } } : {}),
  };
  return {
    address: settings.TEMPORAL_ADDRESS,
    ...(settings.TEMPORAL_TLS || Object.keys(tls).length > 0 ? { tls } : {}),
    ...(settings.TEMPORAL_API_KEY ? { apiKey: settings.TEMPORAL_API_KEY } : {}),
  };
}

/** A client whose calls fail, and nothing else, while Temporal is unavailable. */
export function lazyClient(settings: Settings): Client {
  const { tls, ...options } = temporalConnectionOptions(settings);
  return clientOn(Connection.lazy({ ...options, ...(tls ? { tls } : {}), connectTimeout: 2_000 }), settings);
}

/** A client on any connection, passing the trace on. */
export function clientOn(connection: Connection | NativeConnection, settings: Settings): Client {
  return new Client({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    interceptors: { workflow: [tracingClientInterceptor()] },
  });
}
