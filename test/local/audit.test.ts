import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const EXCEPTIONS = JSON.parse(readFileSync(join(root, 'audit-exceptions.json'), 'utf8')) as Exception[];

interface Exception {
  advisory: string;
  package: string;
  why: string;
}

/** An ES module, which jest does not load, so a small process does. */
function problemsOf(report: object, exceptions: object[]): string[] {
  const script = `
    const { auditProblems } = await import(${JSON.stringify(join(root, 'scripts/audit.mjs'))});
    console.log(JSON.stringify(auditProblems(...JSON.parse(process.argv[1]))));`;
  const args = ['--input-type=module', '-e', script, JSON.stringify([report, exceptions])];
  return JSON.parse(execFileSync(process.execPath, args).toString()) as string[];
}

function advisory(id: string, name: string): object {
  return { name, title: 'writes past its end', severity: 'high', url: `https://github.com/advisories/${id}` };
}

const REPORT = {
  vulnerabilities: {
    inner: { name: 'inner', via: [advisory('GHSA-1', 'inner')] },
    outer: { name: 'outer', via: ['inner'] },
  },
};

describe('the audit of dependencies', () => {
  it('finds what nobody has explained, once, and explanations of nothing', () => {
    expect(problemsOf(REPORT, [])).toEqual([
      'GHSA-1 (high), inner: writes past its end: update or explain it',
    ]);
    expect(problemsOf(REPORT, [{ advisory: 'GHSA-1', package: 'inner', why: 'never called' }])).toEqual([]);
    expect(problemsOf(REPORT, [{ advisory: 'GHSA-1', package: 'other', why: 'never called' }])).toHaveLength(
      1,
    );
    expect(problemsOf({ vulnerabilities: {} }, EXCEPTIONS)).toHaveLength(EXCEPTIONS.length);
  });

  it('has reasons for its exceptions, and they are of packages that are installed', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    for (const exception of EXCEPTIONS) {
      expect(exception.advisory).toMatch(/^GHSA(-[0-9a-z]{4}){3}$/);
      expect(exception.why.length).toBeGreaterThan(40);
      expect(Object.keys(packages)).toContainEqual(
        expect.stringMatching(`node_modules/${exception.package}$`),
      );
    }
  });
});
