import { readFileSync } from 'node:fs';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import type { Settings } from '../config/settings';

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

/** A connection that a worker and a client of the same process share, so that workflows start eagerly. */
export function connectNatively(settings: Settings): Promise<NativeConnection> {
  return NativeConnection.connect(temporalConnectionOptions(settings));
}
