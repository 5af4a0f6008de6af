import { isPublicName } from './host-name';

it.each([
  ['localhost:8080', false],
  ['127.0.0.1:8080', false],
  ['127.0.0.1', false],
  ['[::1]:8080', false],
  ['192.168.1.7:80', false],
  ['agentic-memories:8080', false],
  ['host.docker.internal:8080', false],
  ['studio.local', false],
  ['memories.localhost', false],
  ['', false],
  ['evil.example:8080', true],
  ['EVIL.example.', true],
  ['localhost.evil.com', true],
  ['127.0.0.1.evil.com:8080', true],
  ['local.host', true],
])('%j is a public name: %s', (host, expected) => {
  expect(isPublicName(host)).toBe(expected);
});
