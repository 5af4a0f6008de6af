import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy before a server that can be shut and opened: to its clients the server goes away and comes back. */
export interface TcpGate {
  address: string;
  open(): Promise<void>;
  shut(): Promise<void>;
  /** Connections stay, new ones are taken, and nothing goes through any more: as if the server hung, until it is shut. */
  stall(): void;
}

/** Reserves a port; the gate is shut at first. */
export async function createTcpGate(target: string): Promise<TcpGate> {
  const [host, port] = target.split(':') as [string, string];
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let stalled = false;
  const listen = (on: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server = createServer((inner) => {
        const outer = connect(Number(port), host);
        for (const socket of [inner, outer]) {
          sockets.add(socket);
          socket.on('error', () => socket.destroy());
          socket.on('close', () => sockets.delete(socket));
        }
        if (!stalled) inner.pipe(outer).pipe(inner);
        inner.on('close', () => outer.destroy());
        outer.on('close', () => inner.destroy());
      });
      server.once('error', reject);
      server.listen(on, '127.0.0.1', () => resolve((server!.address() as AddressInfo).port));
    });
  const shut = async (): Promise<void> => {
    const closing = server;
    server = null;
    stalled = false;
    if (!closing) return;
    const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const ownPort = await listen(0);
  await shut();
  return {
    address: `127.0.0.1:${ownPort}`,
    open: async () => {
      if (!server) await listen(ownPort);
    },
    shut,
    stall: () => {
      stalled = true;
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
  };
}
