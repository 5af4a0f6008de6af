import { PassThrough } from 'node:stream';
import { confirmErasing } from './confirm';
import { EXIT } from './exit';

const typing = async (keys: string): Promise<void> => {
  const input = new PassThrough();
  const asked = confirmErasing('ada', { input, output: new PassThrough().resume() });
  input.write(keys);
  await asked;
};

it('goes on when the id is typed', async () => {
  await expect(typing('ada\r')).resolves.toBeUndefined();
});

it.each([
  ['another word', 'yes\r', EXIT.usage],
  ['nothing', '\r', EXIT.usage],
  ['Ctrl-C', '\x03', EXIT.interrupted],
  ['Ctrl-D', '\x04', EXIT.interrupted],
])('erases nothing after %s', async (_, keys, exitCode) => {
  await expect(typing(keys)).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining('nothing was erased'),
  });
});
