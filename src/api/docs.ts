import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Router, type RequestHandler } from 'express';
import { requestIdOf } from './serve';

const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};
const INITIALIZER = `window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });\n`;
const PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Agentic Memories: API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/initializer.js"></script>
  </body>
</html>
`;
// Swagger UI styles elements inline and draws its icons from data: addresses; everything else comes from us alone.
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
const ASSET_CACHE = 'public, max-age=3600';

/** `/docs` and `/openapi.json`, from files of this machine only. */
export function docsRouter(document: () => object): Router {
  const router = Router();
  let text: string | undefined;
  router.use(['/openapi.json', '/docs'], (request, response, next) => {
    response.setHeader('X-Request-Id', requestIdOf(request));
    next();
  });
  router.get('/openapi.json', (_request, response) => {
    text ??= JSON.stringify(document());
    response.type('application/json').send(text);
  });
  router.get('/docs', (_request, response) => {
    response.set('Content-Security-Policy', POLICY).type('text/html').send(PAGE);
  });
  router.get('/docs/initializer.js', (_request, response) => {
    response.type('text/javascript').send(INITIALIZER);
  });
  for (const [name, type] of Object.entries(ASSETS)) router.get(`/docs/${name}`, asset(name, type));
  return router;
}

function asset(name: string, type: string): RequestHandler {
  let bytes: Promise<Buffer> | undefined;
  return async (_request, response) => {
    const folder = path.dirname(require.resolve('swagger-ui-dist/package.json'));
    bytes ??= readFile(path.join(folder, name));
    response.set({ 'Content-Type': type, 'Cache-Control': ASSET_CACHE }).send(await bytes);
  };
}
