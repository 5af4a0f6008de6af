import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { tracingWanted, type TracingSettings } from './tracing';

const OFF: TracingSettings = { endpoint: '', tracesEndpoint: '', exporter: '', disabled: false };
const COLLECTOR = 'http://localhost:4318';

it.each<[boolean, Partial<TracingSettings>]>([
  [false, {}],
  [true, { endpoint: COLLECTOR }],
  [true, { tracesEndpoint: `${COLLECTOR}/v1/traces` }],
  [true, { exporter: 'otlp' }],
  [false, { exporter: 'none', endpoint: COLLECTOR }],
  [false, { disabled: true, endpoint: COLLECTOR }],
])('traces are wanted: %s with %j', (wanted, settings) => {
  expect(tracingWanted({ ...OFF, ...settings })).toBe(wanted);
});

it.each(['api/start.js', 'temporal/worker-loop.js'])(
  '%s loads nothing of tracing until it is wanted',
  (file) => {
    const script = join(__dirname, '../../dist/src', file);
    const loaded = `require(${JSON.stringify(script)}); console.log(Object.keys(require.cache).join('\\n'))`;
    const files = execFileSync(process.execPath, ['-e', loaded], { encoding: 'utf8' }).split('\n');
    expect(files).toContain(script);
    expect(
      files.filter((one) => /opentelemetry-js|sdk-trace|interceptors-opentelemetry|create-tracing/.test(one)),
    ).toEqual([]);
  },
);
