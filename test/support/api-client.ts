/** An answer of the API, read whole. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** The parsed JSON (lines as they are); its shape is what tests are about. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface ApiClient {
  get(path: string, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** Objects are sent as JSON; strings as they are. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
}

/** Speaks JSON to the API at `url`. */
export function apiClient(url: string): ApiClient {
  const send: ApiClient['send'] = async (method, path, body, headers) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };
  return {
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
  };
}

/** What every error has to look like. */
export function expectProblem(answer: ApiAnswer, status: number): void {
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: expect.anything() });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status,
    detail: expect.any(String),
    request_id: answer.headers.get('x-request-id'),
  });
  expect(answer.body.title).not.toBe('');
  expect(JSON.stringify(answer.body)).not.toMatch(/\bat \/|node_modules|SELECT |INSERT /);
  if (status === 422) {
    expect(answer.body.errors.length).toBeGreaterThan(0);
    for (const error of answer.body.errors)
      expect(error).toEqual({ path: expect.any(String), message: expect.any(String) });
  }
  if (status === 429 || status === 503) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
}

/** A 422 that names this field. */
export function expectPath(answer: ApiAnswer, path: string, message?: RegExp): void {
  expectProblem(answer, 422);
  const found = answer.body.errors.find((error: { path: string }) => error.path === path);
  expect({ errors: answer.body.errors, found: found?.path }).toMatchObject({ found: path });
  if (message) expect(found.message).toMatch(message);
}
