import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { PortChooser, PortTakenError, isPortFree } from '../../src/local/ports';
import { portHolder } from '../../src/local/port-holder';

const open: Server[] = [];

async function listenAt(port: number, host: string): Promise<void> {
  const server = createServer().listen(port, host);
  open.push(server);
  await once(server, 'listening');
}

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

test.each(['127.0.0.1', '0.0.0.0'])('a port that somebody listens on at %s is not free', async (host) => {
  const port = await new PortChooser(true).near(0);
  expect(await isPortFree(port)).toBe(true);
  await listenAt(port, host);
  expect(await isPortFree(port)).toBe(false);
});

test('steps aside when the preferred port is taken', async () => {
  const port = await new PortChooser(true).near(0, 3);
  await listenAt(port, '127.0.0.1');
  expect(await new PortChooser().near(port)).toBe(port + 1);
});

test('takes the preferred port when it is free, and never the same one twice', async () => {
  const port = await new PortChooser(true).near(0, 3);
  const chooser = new PortChooser();
  expect(await chooser.near(port)).toBe(port);
  expect(await chooser.near(port)).toBe(port + 1);
  await expect(chooser.exactly(port, 'the API', '')).rejects.toThrow(PortTakenError);
});

test('a run of ports is free as a whole', async () => {
  const port = await new PortChooser(true).near(0, 5);
  await listenAt(port + 1, '127.0.0.1');
  expect(await new PortChooser().near(port, 2)).toBe(port + 2);
});

test('a port asked for by name is not exchanged for another', async () => {
  const port = await new PortChooser(true).near(0);
  await listenAt(port, '127.0.0.1');
  const asked = new PortChooser().exactly(port, 'PG_PORT', 'Set PG_PORT to a free one.');
  await expect(asked).rejects.toThrow(
    `port ${port} (PG_PORT) is taken by another program. Set PG_PORT to a free one.`,
  );
});

test('says who listens on a port, or that it is some other program', async () => {
  const port = await new PortChooser(true).near(0);
  await listenAt(port, '127.0.0.1');
  expect(portHolder(port)).toMatch(new RegExp(`process ${process.pid}|another program`));
});
