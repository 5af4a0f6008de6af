import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { temporalSpec } from '../../src/local/temporal-server';

const ROOT = path.resolve(__dirname, '../..');

/** Files that no test here runs, each held to its own tool's check. How to get them: deploy/README.md. */
const VALIDATORS: { file: string; tool: string; args: string[]; says: RegExp }[] = [
  {
    file: 'docker-compose.yml',
    tool: 'docker-compose',
    args: ['-f', 'docker-compose.yml', 'config'],
    says: /image: agentic-memories:latest/,
  },
  {
    file: 'deploy/kubernetes',
    tool: 'kustomize',
    args: ['build', 'deploy/kubernetes'],
    says: /kind: HorizontalPodAutoscaler/,
  },
  {
    file: 'ops/prometheus-alerts.yml',
    tool: 'promtool',
    args: ['check', 'rules', 'ops/prometheus-alerts.yml'],
    says: /SUCCESS: \d+ rules found/,
  },
];

const isThere = (tool: string): boolean =>
  spawnSync(tool, ['--help'], { stdio: 'ignore' }).error === undefined;

describe('what is run elsewhere is valid to its own tools', () => {
  for (const { file, tool, args, says } of VALIDATORS) {
    const there = isThere(tool);
    if (!there) console.warn(`${file} is NOT checked: ${tool} is not on PATH`);
    (there ? it : it.skip)(
      `${file}, by ${tool}`,
      () => {
        const said = execFileSync(tool, args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
        expect(said).toMatch(says);
      },
      60_000,
    );
  }
});

test('deploy/temporal/dynamic-config.yaml sets what the local Temporal is run with', () => {
  const file = readFileSync(path.join(ROOT, 'deploy/temporal/dynamic-config.yaml'), 'utf8');
  const ports = { port: 1, uiPort: 2, httpPort: 3, metricsPort: 4 };
  const { args } = temporalSpec({ binary: 'temporal', dataDir: '.', logFile: 'log', ...ports });
  const settings = args.filter((_, i) => args[i - 1] === '--dynamic-config-value');
  expect(settings.length).toBeGreaterThan(0);
  for (const setting of settings) {
    const [name, value] = setting.split('=');
    expect(file).toContain(`\n${name}:\n  - value: ${value}\n`);
  }
});
