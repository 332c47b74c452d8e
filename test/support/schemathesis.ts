import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cached } from '../../dev/stack/engine-cache';
import { programNamed, runTool } from '../../dev/stack/tools';

const VERSION = '4.32.5';
const INSTALL = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
const WITHIN_MS = 300_000;

/** What of a response is checked, whatever was asked. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'allow_header_conformance',
];

export interface Properties {
  readonly api: string;
  readonly token: string;
  /** Of each operation, beside its documented examples and the edges of its schemas. */
  readonly maxExamples: number;
  readonly seed: number;
  /** Operations that are not asked, by path. */
  readonly except: readonly string[];
}

/** Runs Schemathesis from its OpenAPI document against an API; undefined, with a word on it, where it cannot be had. */
export async function findPropertyFaults(properties: Properties): Promise<{ report: string } | 'none' | undefined> {
  const python = programNamed('python3');
  const folder = python && (await installed(python).catch((error: Error) => console.warn(error.message)));
  if (!python || !folder) {
    console.warn('the API is not tried with generated requests: that takes Python 3 with pip, and PyPI');
    return undefined;
  }
  const { api, token, maxExamples, seed, except } = properties;
  const args = [
    ...['-m', 'schemathesis.cli', 'run', `${api}/openapi.json`, '--phases', 'examples,coverage,fuzzing'],
    ...['--max-examples', String(maxExamples), '--seed', String(seed), '--checks', CHECKS.join(), '--warnings', 'off'],
    ...['-H', `authorization: Bearer ${token}`, '-H', 'accept-language: en', '--no-color'],
    ...except.flatMap((path) => ['--exclude-path', path]),
  ];
  const options = { cwd: folder, env: { ...process.env, PYTHONPATH: folder }, timeout: WITHIN_MS };
  return promisify(execFile)(python, args, { ...options, maxBuffer: 64 * 1024 * 1024 }).then(
    () => 'none' as const,
    ({ stdout, message }: { stdout?: string; message: string }) => ({ report: (stdout || message).slice(0, 20_000) }),
  );
}

const installed = (python: string): Promise<string> =>
  cached(
    `schemathesis-${VERSION}`,
    () => undefined,
    async (to) => {
      await runTool(python, [...INSTALL, '--target', to, `schemathesis==${VERSION}`], { timeoutMs: WITHIN_MS });
    },
  );
