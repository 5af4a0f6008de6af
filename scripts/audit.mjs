import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** `npm run audit`: fails for a known advisory of a dependency that `audit-exceptions.json` does not explain. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The advisories in what `npm audit --json` printed: its `via` holds either one, or the name of who brings it. */
function advisoriesIn(report) {
  const found = Object.values(report.vulnerabilities).flatMap(({ via }) =>
    via.filter((one) => typeof one === 'object'),
  );
  return new Map(
    found.map(({ url, name, title, severity }) => [url.split('/').pop(), { name, title, severity }]),
  );
}

/** @returns what to change, one line each; none: every advisory is explained and every explanation is needed */
export function auditProblems(report, exceptions) {
  const advisories = advisoriesIn(report);
  const explained = new Map(exceptions.map((one) => [one.advisory, one]));
  const open = [...advisories].filter(([id, { name }]) => explained.get(id)?.package !== name);
  const idle = exceptions.filter(({ advisory }) => !advisories.has(advisory));
  return [
    ...open.map(
      ([id, { name, title, severity }]) => `${id} (${severity}), ${name}: ${title}: update or explain it`,
    ),
    ...idle.map(({ advisory }) => `${advisory} is explained, but nothing has it any more: take it out`),
  ];
}

function main() {
  const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8' });
  const report = JSON.parse(stdout || '{}');
  if (!report.vulnerabilities) {
    console.error(
      `The registry does not answer an audit (${report.message ?? 'no answer'}): ask another, --registry URL`,
    );
    return 2;
  }
  const problems = auditProblems(
    report,
    JSON.parse(readFileSync(join(root, 'audit-exceptions.json'), 'utf8')),
  );
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log('No known advisory is without an explanation.');
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(main());
