/** The Temporal header with the W3C trace context; the name that Temporal's own OpenTelemetry interceptors use. */
export const TRACE_HEADER = '_tracer-data';
